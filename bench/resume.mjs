// Measures the time from the start of `wf resume RUN` to the first step that runs again, with one interrupted run in the database and
// with 200, beside the start of a bare node.
//   node bench/resume.mjs [--rounds 9]
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { PinnedConnection } from './lib/pinned-connection.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const wf = path.join(root, 'dist/wf.cjs');
const at = process.argv.indexOf('--rounds');
const rounds = at === -1 ? 9 : Number(process.argv[at + 1]);

// Twenty steps precede the interrupted one: a journal of a usual length is replayed.
const WORKFLOW = `
import { defineWorkflow } from 'wf-engine';
import { execRead } from 'wf-engine/steps';
import { setup } from 'xstate';
import { z } from 'zod';
const steps = Array.from({ length: 22 }, (_, n) => 's' + n);
const states = Object.fromEntries(steps.map((id, n) => [
  id, { invoke: { id, src: 'execRead', input: { argv: ['true'] }, onDone: steps[n + 1] ?? 'end' } },
]));
export default defineWorkflow({
  name: 'chain', version: '1', description: 'a chain of commands', input: z.object({}),
  machine: setup({ actors: { execRead } }).createMachine({ initial: 's0', states: { ...states, end: { type: 'final' } } }),
});
`;

const folder = mkdtempSync(path.join(tmpdir(), 'wf-bench-'));
mkdirSync(path.join(folder, 'workflows'));
writeFileSync(path.join(folder, '.wf'), '');
writeFileSync(path.join(folder, 'workflows/chain.ts'), WORKFLOW);

/** Creates a database with this number of runs, which were killed while their twenty-first step was under way. */
function interruptedRuns(count, name) {
  const file = path.join(folder, `${name}.db`);
  const env = { ...process.env, WF_DB: file, WF_CRASH_AT: 'after commit step.succeeded s19' };
  const { signal, stderr } = spawnSync(process.execPath, [wf, 'start', 'chain', '--id', 'run0'], { cwd: folder, env });
  if (signal !== 'SIGKILL') throw new Error(`the run was not killed where it should have been: ${stderr}`);
  const db = new PinnedConnection(file);
  const columns = (table) => db.pragma(`table_info(${table})`).map(({ name }) => name);
  const copy = (table, replaced) =>
    db.prepare(
      `INSERT INTO ${table} (${columns(table).join()}) SELECT ${columns(table)
        .map((name) => replaced[name] ?? name)
        .join()} FROM ${table} WHERE ${table === 'runs' ? 'number' : 'run'} = 1`,
    );
  for (let n = 1; n < count; n += 1) {
    copy('runs', { number: `${n + 1}`, id: `'run${n}'` }).run();
    copy('evidence', { run: `${n + 1}` }).run();
    for (const table of ['journal', 'steps']) copy(table, { run: `${n + 1}`, number: 'NULL' }).run();
  }
  db.close();
  return file;
}

/** Returns the milliseconds from the start of the process to the commit that begins the step again. */
function timeToFirstStep(database, run) {
  const begun = Date.now();
  execFileSync(process.execPath, [wf, 'resume', run], {
    cwd: folder,
    env: { ...process.env, WF_DB: database },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const db = new PinnedConnection(database, { readonly: true });
  const { at: attempted } = db
    .prepare(
      `SELECT journal.at FROM journal JOIN runs ON runs.number = journal.run
       WHERE runs.id = ? AND journal.type = 'step.attempted' ORDER BY seq DESC LIMIT 1`,
    )
    .get(run);
  db.close();
  return attempted - begun;
}

function bareNode() {
  const begun = performance.now();
  execFileSync(process.execPath, ['-e', '0']);
  return performance.now() - begun;
}

const timings = { 'node -e 0': [], 'one interrupted run': [], '200 interrupted runs': [] };
try {
  const many = interruptedRuns(200, 'many');
  for (let round = 0; round < rounds; round += 1) {
    const one = interruptedRuns(1, `one-${round}`);
    timings['node -e 0'].push(bareNode());
    timings['one interrupted run'].push(timeToFirstStep(one, 'run0'));
    timings['200 interrupted runs'].push(timeToFirstStep(many, `run${100 + round}`));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const [name, values] of Object.entries(timings)) {
  const sorted = values.toSorted((a, b) => a - b);
  const [least, median, most] = [sorted[0], sorted[Math.floor(rounds / 2)], sorted.at(-1)].map((ms) => Math.round(ms));
  process.stdout.write(`${name.padEnd(22)} median ${median} ms  (${least} to ${most} ms, ${rounds} rounds)\n`);
}
