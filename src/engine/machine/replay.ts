import { WfError } from '../model/errors.ts';
import type { Effect, JournalEntry, JournalEvent, RunHeader } from '../model/journal-event.ts';
import { canonicalJson, toJson } from '../model/json.ts';
import { type Decision, decide, decideStart } from './decide.ts';
import type { MachineModel } from './machine-model.ts';

type Decided = Extract<JournalEvent, { type: 'decided' }>;

/**
 * Replays the decisions of a run and returns the last one: exactly the state that the run had. Returns undefined if the journal holds
 * no decision. Decisions from before the user accepted another definition need only lead to the same states and steps. Pure.
 * @param acceptedAt seq of the last such entry
 * @throws WfError E_JOURNAL_DIVERGED naming the first event that replays differently
 */
export function replay(
  model: MachineModel,
  header: RunHeader,
  entries: readonly JournalEntry[],
  acceptedAt = entries.findLast(({ event }) => event.type === 'definition.accepted')?.seq ?? 0,
): Decision | undefined {
  let last: Decision | undefined;
  for (const { seq, at, event } of entries) {
    if (event.type !== 'decided') continue;
    const next = replayOne(model, header, last, event, at);
    const difference = seq > acceptedAt ? differenceOf(event, next) : differenceOfPath(event, next);
    if (difference !== undefined) throw diverged(header, seq, event, difference);
    last = next;
  }
  return last;
}

function replayOne(
  model: MachineModel,
  header: RunHeader,
  last: Decision | undefined,
  { event, timer }: Decided,
  at: number,
): Decision {
  if (event === null || last === undefined) return decideStart(model, header, at);
  return decide(model, last.state, event, at, timer);
}

function differenceOf(journaled: Decided, replayed: Decision): string | undefined {
  if (journaled.digest === replayed.digest) return undefined;
  const state = [canonicalJson(journaled.value), canonicalJson(replayed.value)];
  if (state[0] !== state[1]) return `the state was ${state[0]} and is ${state[1]} when replayed`;
  const effects = [canonicalJson(toJson(journaled.effects)), canonicalJson(toJson(replayed.effects))];
  if (effects[0] !== effects[1]) return `the effects were ${effects[0]} and are ${effects[1]} when replayed`;
  return 'the context or the output differs when replayed';
}

/** Compares only states and steps: another machine made the replayed decision. */
function differenceOfPath(journaled: Decided, replayed: Decision): string | undefined {
  const state = [canonicalJson(journaled.value), canonicalJson(replayed.value)];
  if (state[0] !== state[1]) return `the state was ${state[0]} and is ${state[1]} under this definition`;
  const steps = [stepsOf(journaled.effects), stepsOf(replayed.effects)];
  if (steps[0] !== steps[1]) return `the steps begun were ${steps[0]} and are ${steps[1]} under this definition`;
  return undefined;
}

function stepsOf(effects: readonly Effect[]): string {
  const steps = effects.flatMap((effect) => (effect.type === 'start-step' ? [`${effect.step} (${effect.kind})`] : []));
  return steps.length === 0 ? 'none' : steps.join(', ');
}

function diverged(header: RunHeader, seq: number, { event }: Decided, difference: string): WfError {
  const what = event === null ? 'the start' : event.type;
  return new WfError(
    'E_JOURNAL_DIVERGED',
    `run ${header.id}: event ${seq} (${what}) replays differently: ${difference}`,
    {
      hint:
        'The workflow file has changed since the run started, or its machine is not pure (for example, a guard or an assign reads the clock). ' +
        `Restore the file, or undo the run with \`wf rollback ${header.id}\`, which needs no workflow file.`,
      details: { seq },
    },
  );
}
