import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { readRecord } from '../../support/command/read-record.ts';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { openProject, type WfEnd } from '../../support/command/run-wf.ts';
import { CROWD, chosen, inTurn } from '../../support/rotation.ts';

const by = { user: userInfo().username, sudoUser: null, host: hostname() };

/** Writes three lines; the second one only if the file `ready` exists. */
const workflow = (second = '[ -e "$0/ready" ]', version = '1') => `
  import { defineWorkflow } from 'wf-engine';
  import { execCommand } from 'wf-engine/steps';
  import { setup } from 'xstate';
  import { z } from 'zod';
  const line = (name, before = 'true') => ({ context }) => ({
    argv: ['sh', '-c', before + ' && echo "$1" >> "$0/log"', context.folder, name],
    undo: ['sh', '-c', 'echo "not $1" >> "$0/log"', context.folder, name],
  });
  export default defineWorkflow({
    name: 'lines', version: '${version}', description: 'Writes lines.', input: z.object({ folder: z.string() }),
    machine: setup({ types: { context: {}, input: {} }, actors: { run: execCommand.with({ alters: [] }) } }).createMachine({
      context: ({ input }) => input, initial: 'first',
      states: {
        first: { invoke: { id: 'first', src: 'run', input: line('first'), onDone: 'second' } },
        second: { invoke: { id: 'second', src: 'run', input: line('second', ${JSON.stringify(second)}), onDone: 'third' } },
        third: { invoke: { id: 'third', src: 'run', input: line('third'), onDone: 'done' } },
        done: { type: 'final' },
      },
    }),
    keepsChanges: true,
  });`;

/** A project with a run whose second step has failed. */
async function openFailedRun(id: string, onFailure: 'keep' | 'rollback' = 'keep') {
  const project = openProject({ 'workflows/lines.ts': workflow() });
  const { folder } = project;
  const start = await project.sharedWf([
    ...['start', 'lines', '--id', id, '--input', `folder=${folder}`, '--on-failure', onFailure],
  ]);
  expect(start, start.stderr).toMatchObject({ exitCode: 1 });
  return {
    ...project,
    failed: start,
    fix: () => writeFileSync(path.join(folder, 'ready'), ''),
    log: () => {
      const file = path.join(folder, 'log');
      return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    },
    record: async (run = id) => readRecord(project, run),
  };
}

const answerSchema = z.strictObject({ request: z.looseObject({ kind: z.literal('retry') }), run: runRecordSchema });

function stepsOf({ steps }: z.output<typeof runRecordSchema>) {
  return steps.map(({ id, status, attempts }) => `${id} ${status} ${attempts}`);
}

test.concurrent('a retry continues a failed run from its failed step once the cause is fixed', async () => {
  const { wf, sharedWf, failed, fix, log, record } = await openFailedRun('kept');
  expect(failed.stdout).toMatch(/^next: wf retry kept.* wf rollback kept/m);
  const unfixed = await sharedWf(['retry', 'kept', '--comment', 'perhaps now']);
  expect(unfixed, unfixed.stderr).toMatchObject({ exitCode: 1 });
  fix();
  const retried = await wf(['retry', 'kept', '--comment', 'disk is free', '--json']);
  expect(retried, retried.stderr).toMatchObject({ exitCode: 0 });
  const { request, run } = answerSchema.parse(retried.json());
  expect(request).toMatchObject({ by, comment: 'disk is free', outcome: { type: 'handled' } });
  expect(stepsOf(run)).toEqual(['first succeeded 1', 'second succeeded 3', 'third succeeded 1']);
  expect(run).toEqual(await record());
  expect(run).toMatchObject({ status: 'succeeded', error: null, requests: [{ comment: 'perhaps now' }, {}] });
  expect(run.changes.map(({ seq, status }) => [seq, status])).toEqual([
    [1, 'kept'],
    [2, 'kept'],
    [3, 'kept'],
  ]);
  expect(log()).toEqual(['first', 'second', 'third']);
  const shown = await sharedWf(['show', 'kept']);
  expect(shown.stdout).toContain('asked to retry the run: disk is free');
  expect(shown.stdout).toContain('continued from step second');
  for (const command of ['report', 'logs', 'graph', 'diff', 'changes']) {
    const read = await sharedWf([command, 'kept']);
    expect(read, read.stderr).toMatchObject({ exitCode: 0 });
  }
  const late = await sharedWf(['retry', 'kept']);
  expect(late).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('it has succeeded') });
});

test.concurrent('a dry run of a retry reports which steps begin again, and changes nothing', async () => {
  const { sharedWf, fix, log, record } = await openFailedRun('planned');
  const before = await record();
  const planned = await sharedWf(['retry', 'planned', '--dry-run', '--json']);
  expect(planned.json()).toMatchObject({
    run: 'planned',
    direction: 'forward',
    steps: [
      { step: 'first', plan: 'kept' },
      { step: 'second', plan: 'completed' },
    ],
  });
  const shown = await sharedWf(['retry', 'planned', '--dry-run']);
  expect(shown, shown.stderr).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('would be retried') });
  expect(await record()).toEqual(before);
  fix();
  expect(await sharedWf(['retry', 'planned'])).toMatchObject({ exitCode: 0 });
  expect(log()).toEqual(['first', 'second', 'third']);
  const refused = await sharedWf(['retry', 'planned', '--dry-run']);
  expect(refused).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('it has succeeded') });
  const undone = await openFailedRun('undone-plan', 'rollback');
  const anew = await undone.sharedWf(['retry', 'undone-plan', '--dry-run', '--json']);
  expect(anew.json()).toEqual({ run: 'undone-plan', direction: 'anew', steps: [] });
});

test.concurrent('a retried run is exported, and imported on another machine', async () => {
  const { sharedWf, fix, folder, record } = await openFailedRun('travels');
  fix();
  expect(await sharedWf(['retry', 'travels'])).toMatchObject({ exitCode: 0 });
  expect(await sharedWf(['export', 'travels', '-o', 'run.wfrun'])).toMatchObject({ exitCode: 0 });
  const elsewhere = openProject();
  const imported = await elsewhere.sharedWf(['import', path.join(folder, 'run.wfrun')]);
  expect(imported, imported.stderr).toMatchObject({ exitCode: 0 });
  const there = (await elsewhere.sharedWf(['show', 'travels', '--json'])).json();
  expect(there).toMatchObject({ ...(await record()), importedFrom: hostname() });
  expect(await elsewhere.sharedWf(['retry', 'travels'])).toMatchObject({ exitCode: 2 });
});

const KILLED = [
  ['after request', 'failed'],
  ['before commit lease.taken', 'failed'],
  ['before commit retried', 'failed'],
  ['after commit retried', 'interrupted'],
  ['after commit step.attempted second', 'interrupted'],
  ['before commit ended', 'interrupted'],
] as const;

test.concurrent.for(inTurn(KILLED, 6))(
  'a retry that is killed at "%s" is not lost, and is carried out once',
  async ([point, status]) => {
    const id = `killed-${point.replaceAll(/[^a-z]+/g, '-')}`;
    const { sharedWf, start, fix, log, record } = await openFailedRun(id);
    fix();
    const killed = await start(['retry', id], { env: { WF_CRASH_AT: point } }).end;
    expect(killed.signal).toBe('SIGKILL');
    expect((await record()).status).toBe(status);
    const plan = await sharedWf(['resume', id, '--dry-run', '--json']);
    expect(plan, plan.stderr).toMatchObject({ exitCode: 0 });
    const resumed = await sharedWf(['resume', id]);
    const isUnknown = point === 'after commit step.attempted second';
    expect(resumed, resumed.stderr).toMatchObject({ exitCode: isUnknown ? 1 : 0 });
    const { requests } = await record();
    expect(requests.map(({ kind, outcome }) => [kind, outcome?.type])).toEqual([['retry', 'handled']]);
    expect(log()).toEqual(isUnknown ? ['first'] : ['first', 'second', 'third']);
  },
);

test.concurrent('the next retry carries out a killed one', async () => {
  const { sharedWf, start, fix, log, record } = await openFailedRun('killed-then-retried');
  fix();
  await start(['retry', 'killed-then-retried'], { env: { WF_CRASH_AT: 'after request' } }).end;
  expect(await sharedWf(['retry', 'killed-then-retried'])).toMatchObject({ exitCode: 0 });
  expect((await record()).requests.map(({ outcome }) => outcome?.type)).toEqual(['handled', 'handled']);
  expect(log()).toEqual(['first', 'second', 'third']);
});

test.concurrent.each([
  ['E_DEFINITION_CHANGED', '2'],
  // Only a value that a function of the file refers to differs.
  ['E_JOURNAL_DIVERGED', '1'],
])('a run whose workflow was fixed is retried once the change is accepted: %s', async (code, version) => {
  const id = `fixed-${version}`;
  const { sharedWf, write, log, record } = await openFailedRun(id);
  write('workflows/lines.ts', workflow('true', version));
  const refused = await sharedWf(['retry', id]);
  expect(refused).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('--accept-changes') });
  expect((await record()).requests).toMatchObject([{ outcome: { error: { code } } }]);
  const retried = await sharedWf(['retry', id, '--accept-changes']);
  expect(retried, retried.stderr).toMatchObject({ exitCode: 0 });
  expect(log()).toEqual(['first', 'second', 'third']);
});

test.concurrent('a rolled-back run is started anew once, and each names the other', async () => {
  const { sharedWf, fix, log, record, folder } = await openFailedRun('undone', 'rollback');
  expect(log()).toEqual(['first', 'not second', 'not first']);
  fix();
  const retried = await sharedWf(['retry', 'undone', '--comment', 'once more', '--json']);
  expect(retried, retried.stderr).toMatchObject({ exitCode: 0 });
  const { run, request } = answerSchema.parse(retried.json());
  expect(request).toMatchObject({ by, comment: 'once more', outcome: { type: 'handled' } });
  expect(run).toMatchObject({ status: 'succeeded', retryOf: 'undone', input: { folder } });
  expect(run.id).not.toBe('undone');
  expect(await record()).toMatchObject({
    status: 'rolled-back',
    retriedAs: run.id,
    requests: [{ comment: 'once more' }],
  });
  const again = await sharedWf(['retry', 'undone']);
  expect(again).toMatchObject({ exitCode: 4, stderr: expect.stringContaining(`it was started anew as run ${run.id}`) });
  expect((await sharedWf(['show', run.id])).stdout).toMatch(/^ +retry of +undone$/m);
  expect((await sharedWf(['show', 'undone'])).stdout).toMatch(new RegExp(`^ +retried as +${run.id}$`, 'm'));
  expect((await sharedWf(['report', 'undone'])).stdout).toMatch(new RegExp(`Started anew as.*${run.id}`));
  expect((await sharedWf(['report', run.id, '--lang', 'fr'])).stdout).toMatch(/Recommence l’exécution.*undone/);
  expect(log()).toEqual(['first', 'not second', 'not first', 'first', 'second', 'third']);
});

test.concurrent('a start anew that is killed before its run is created is repeated; after that, its run is resumed', async () => {
  const { sharedWf, start, fix, log, record } = await openFailedRun('undone-killed', 'rollback');
  fix();
  const retry = (point: string): Promise<WfEnd> =>
    start(['retry', 'undone-killed'], { env: { WF_CRASH_AT: point } }).end;
  expect(await retry('before commit create')).toMatchObject({ signal: 'SIGKILL' });
  expect((await record()).requests).toMatchObject([{ outcome: null }]);
  expect(await retry('after commit create')).toMatchObject({ signal: 'SIGKILL' });
  const { requests, retriedAs } = await record();
  expect(requests.map(({ outcome }) => outcome?.type)).toEqual(['handled', 'handled']);
  const resumed = await sharedWf(['resume', retriedAs ?? '']);
  expect(resumed, resumed.stderr).toMatchObject({ exitCode: 0 });
  expect(log().slice(-3)).toEqual(['first', 'second', 'third']);
});

async function retryManyTimesAtOnce(): Promise<void> {
  const { start, fix, log, record } = await openFailedRun('crowd');
  fix();
  const ends = await Promise.all(Array.from({ length: CROWD }, () => start(['retry', 'crowd']).end));
  const refused = ends.filter(({ exitCode }) => exitCode === 4);
  const followed = ends.filter(({ exitCode }) => exitCode === 0);
  expect(followed.length).toBeGreaterThan(0);
  expect(followed.length + refused.length, ends.map(({ stderr }) => stderr).join('\n')).toBe(CROWD);
  for (const { stderr } of refused) {
    expect(stderr).toMatch(
      /cannot be retried: (process \d+ advances it|it has succeeded|it has not ended|its machine has ended)/,
    );
  }
  for (const { stdout } of followed) expect(stdout).toContain('succeeded');
  expect(log()).toEqual(['first', 'second', 'third']);
  const { requests, status } = await record();
  expect(status).toBe('succeeded');
  expect(requests.every(({ outcome }) => outcome !== null)).toBe(true);
}

async function startAnewManyTimesAtOnce(): Promise<void> {
  const { start, sharedWf, fix, log } = await openFailedRun('undone-crowd', 'rollback');
  fix();
  const ends = await Promise.all(Array.from({ length: CROWD }, () => start(['retry', 'undone-crowd']).end));
  for (const { exitCode, stderr } of ends) expect([0, 4], stderr).toContain(exitCode);
  expect(ends.some(({ exitCode }) => exitCode === 0)).toBe(true);
  expect(z.array(z.unknown()).parse((await sharedWf(['runs', '--json'])).json())).toHaveLength(2);
  expect(log().slice(3)).toEqual(['first', 'second', 'third']);
}

const AT_ONCE = [
  ['one of many simultaneous retries continues the run, and every other gets a true answer', retryManyTimesAtOnce],
  [
    'one of many simultaneous starts anew creates a run, and the others follow it or are refused',
    startAnewManyTimesAtOnce,
  ],
] as const;

test.concurrent.for(chosen(AT_ONCE))('%s', ([, retry]) => retry());

const SECRET_WORKFLOW = `
  import { defineWorkflow, secret } from 'wf-engine';
  import { execCommand } from 'wf-engine/steps';
  import { setup } from 'xstate';
  import { z } from 'zod';
  export default defineWorkflow({
    name: 'secretive', version: '1', description: 'Needs a secret.', input: z.object({ folder: z.string(), word: secret(z.string()) }),
    machine: setup({ types: { context: {}, input: {} }, actors: { run: execCommand.with({ alters: [] }) } }).createMachine({
      context: ({ input }) => input, initial: 'write',
      states: {
        write: { invoke: { id: 'write', src: 'run', onDone: 'check', input: ({ context }) => ({ argv: ['touch', context.folder + '/made'], undo: ['rm', context.folder + '/made'] }) } },
        check: { invoke: { id: 'check', src: 'run', onDone: 'done', input: ({ context }) => ({
          argv: ['sh', '-c', 'cat "$0/expected" && [ "$1" = "$(cat "$0/expected")" ]', context.folder, context.word], undo: ['true'] }) } },
        done: { type: 'final' },
      },
    }),
    keepsChanges: true,
  });`;

test.concurrent.each(['keep', 'rollback'])('a retry needs the secrets of the run again: %s', async (onFailure) => {
  const id = `secret-${onFailure}`;
  const project = openProject({ 'workflows/secretive.ts': SECRET_WORKFLOW });
  const { folder, sharedWf } = project;
  const start = ['start', 'secretive', '--id', id, '--on-failure', onFailure, '--input', `folder=${folder}`];
  expect(await sharedWf([...start, '--input', 'word=open-sesame'])).toMatchObject({ exitCode: 1 });
  project.write('expected', 'open-sesame');
  const missing = await sharedWf(['retry', id]);
  expect(missing.exitCode, missing.stderr).toBe(2);
  expect(missing.stderr).toContain(`\`wf retry ${id} --input word=@env:VARIABLE`);
  const other = await sharedWf(['retry', id, '--input', 'folder=x']);
  expect(other).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('has no secret input of that name') });
  const env = { WORD: 'open-sesame' };
  const retried = await sharedWf(['retry', id, '--input', 'word=@env:WORD', '--json'], { env });
  expect(retried, retried.stderr).toMatchObject({ exitCode: 0 });
  expect(retried.stdout).not.toContain('sesame');
  const { run } = answerSchema.parse(retried.json());
  expect((await sharedWf(['logs', run.id])).stdout).not.toContain('sesame');
});
