// XState's share of a step: the bare transitions of a machine, without an engine, a journal or a host. The lab's machine is taken
// through a whole run with the outputs that its steps pretend in a dry run; beside it the machine of 100 steps of W1.
//   node bench/transition.mjs [-- --json FILE]
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createJiti } from 'jiti';
import { initialTransition, transition } from 'xstate';
import { chain } from './contestants/wf-chain.mjs';
import { median, percentile, short } from './lib/figures.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const { values: given } = parseArgs({
  options: { json: { type: 'string', default: path.join(here, 'results/transition.json') } },
});
/** So many times a run is gone through: the first is that of a process which has just begun. */
const ROUNDS = 200;

const jiti = createJiti(import.meta.url);
const lab = await jiti.import('../workflows/lab-network.ts', { default: true });
/** As wf does it: one scope for all transitions of a machine, and XState is asked for a fixed course once or twice. */
const { transitionsOf } = await jiti.import('../src/engine/transition.ts');
const workflows = [lab, chain(100)];

/** The steps that are begun, as the events of their ends, with the outputs that a dry run gives. */
function endsOf(machine, actions) {
  return actions.flatMap(({ type, params }) => {
    if (type !== 'xstate.spawnChild') return [];
    const { runner } = machine.implementations.actors[params.src];
    const { output } = runner.rehearse(params.input ?? {});
    return [{ type: `xstate.done.actor.${params.id}`, actorId: params.id, output }];
  });
}

/** All events of a run, in the order in which the steps were begun. */
function eventsOf({ machine, input }) {
  let [snapshot, actions] = initialTransition(machine, input.parse({}));
  const events = [];
  const due = endsOf(machine, actions);
  for (let event = due.shift(); event !== undefined && snapshot.status === 'active'; event = due.shift()) {
    events.push(event);
    [snapshot, actions] = transition(machine, snapshot, event);
    due.push(...endsOf(machine, actions));
  }
  if (snapshot.status !== 'done') throw new Error(`the machine ${machine.id} ends as ${snapshot.status}`);
  return events;
}

/** As XState's documentation has it: each call makes an actor of the whole machine, and throws it away. */
const pureTransitions = (machine) => ({
  initial: (input) => initialTransition(machine, input),
  next: (snapshot, event) => transition(machine, snapshot, event),
});

/** Microseconds of one transition: those of the first run in this process, and of one when V8 has compiled what it takes. */
function timesOf({ initial, next }, input, events) {
  const rounds = Array.from({ length: ROUNDS }, () => {
    let [snapshot] = initial(input);
    const begun = performance.now();
    for (const event of events) [snapshot] = next(snapshot, event);
    return ((performance.now() - begun) * 1000) / events.length;
  });
  return {
    first: rounds[0],
    warm: median(rounds.slice(ROUNDS / 2)),
    worst: percentile(rounds.slice(ROUNDS / 2), 0.99),
  };
}

const results = workflows.map((workflow) => {
  const { machine, name } = workflow;
  const input = workflow.input.parse({});
  const events = eventsOf(workflow);
  return {
    workflow: name,
    transitions: events.length,
    wf: timesOf(transitionsOf(machine), input, events),
    pure: timesOf(pureTransitions(machine), input, events),
  };
});
for (const { workflow, transitions, ...ways } of results) {
  process.stdout.write(`${workflow}: ${transitions} transitions, us of one\n`);
  for (const [way, { first, warm, worst }] of Object.entries(ways)) {
    process.stdout.write(
      `  ${way.padEnd(8)} first run ${short(first)}, later ${short(warm)} (99 % within ${short(worst)})\n`,
    );
  }
}
mkdirSync(path.dirname(given.json), { recursive: true });
const machine = { cpu: os.cpus()[0]?.model, cores: os.cpus().length, node: process.version };
writeFileSync(
  given.json,
  `${JSON.stringify({ machine, loadAverage: os.loadavg(), rounds: ROUNDS, results }, null, 2)}\n`,
);
