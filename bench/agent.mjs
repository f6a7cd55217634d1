// Measures one agent with 1,000 runs that wait for a timer in an hour: its memory, its idle CPU, and the time from a deadline until the
// run has acted on it.
//   node bench/agent.mjs [--runs 1000] [--seconds 60]
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openEngine } from '../dist/index.js';
import { cpuOf, memoryOf } from './lib/process.mjs';

const option = (name, standard) => {
  const at = process.argv.indexOf(name);
  return at === -1 ? standard : Number(process.argv[at + 1]);
};
const runs = option('--runs', 1_000);
const seconds = option('--seconds', 60);

const WF = fileURLToPath(new URL('../dist/wf.cjs', import.meta.url));
const HOUR = 3_600_000;
/** The number of runs that become due while the agent runs, one after the other. */
const DUE = 20;
const FIRST_DUE_MS = 20_000;
const BETWEEN_MS = 250;

const WORKFLOW = `import { defineWorkflow } from 'wf-engine';
import { setup } from 'xstate';
import { z } from 'zod';

const input = z.object({ ms: z.number() });
const machine = setup({
  types: { input: {} as z.output<typeof input>, context: {} as z.output<typeof input> },
  delays: { patience: ({ context }) => context.ms },
}).createMachine({
  context: ({ input: given }) => given,
  initial: 'gate',
  states: { gate: { after: { patience: 'end' } }, end: { type: 'final' } },
});
export default defineWorkflow({ name: 'gate', version: '1', description: 'Waits', input, machine });
`;

/** Starts runs that wait. Returns the deadlines of those that become due soon. */
async function leaveRuns(folder) {
  const engine = await openEngine({
    database: path.join(folder, 'wf.db'),
    workflows: [path.join(folder, 'workflows/gate.ts')],
  });
  const waits = [
    ...Array(runs - DUE).fill(HOUR),
    ...Array.from({ length: DUE }, (_, index) => FIRST_DUE_MS + index * BETWEEN_MS),
  ];
  const started = [];
  for (const ms of waits) started.push(await engine.start('gate', { ms }));
  while (engine.runs({ limit: runs, status: 'waiting' }).length < runs) await pause(50);
  const deadlines = new Map(
    started.slice(-DUE).map(({ id }) => [id, Date.parse(engine.run(id).waitingFor.timers[0].deadline)]),
  );
  await engine.close();
  return deadlines;
}

const folder = mkdtempSync(path.join(tmpdir(), 'wf-bench-'));
let agent;
try {
  mkdirSync(path.join(folder, 'workflows'));
  writeFileSync(path.join(folder, '.wf'), '');
  writeFileSync(path.join(folder, 'workflows/gate.ts'), WORKFLOW);
  const deadlines = await leaveRuns(folder);
  agent = spawn(process.execPath, [WF, 'agent', '--json', '--db', 'wf.db'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const late = [];
  const done = new Promise((resolve) => {
    createInterface(agent.stdout).on('line', (line) => {
      const { did, run, status, at } = JSON.parse(line);
      if (did !== 'left' || status !== 'succeeded') return;
      late.push(Date.parse(at) - deadlines.get(run));
      if (late.length === DUE) resolve();
    });
  });
  await pause(3_000);
  const before = memoryOf(agent.pid);
  await done;
  await pause(2_000);
  const startedAt = cpuOf(agent.pid);
  await pause(seconds * 1_000);
  const cpu = cpuOf(agent.pid) - startedAt;
  const sorted = late.toSorted((one, other) => one - other);
  process.stdout.write(
    `${runs} waiting runs: ${before.toFixed(0)} MiB before the first one is due, ${memoryOf(agent.pid).toFixed(0)} MiB after ${DUE}; ` +
      `${cpu} ms of CPU in ${seconds} idle seconds; from due to the end of the run, ms: ` +
      `p50 ${sorted[DUE / 2]}, greatest ${sorted.at(-1)}, of ${DUE}\n`,
  );
} finally {
  agent?.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
}
