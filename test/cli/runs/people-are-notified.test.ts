import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { startAgent } from '../../support/command/agent.ts';
import { createNotifier, type Notifier } from '../../support/command/notified.ts';
import { planSchema } from '../../support/command/plan-record.ts';
import { readRecord } from '../../support/command/read-record.ts';
import { openProject, type Project } from '../../support/command/run-wf.ts';
import { untilRunning } from '../../support/host/processes.ts';
import { openAskingProject } from '../../support/workflows/asking-workflow.ts';
import { NOTE_WORKFLOW, openNoteProject } from '../../support/workflows/note.ts';
import { openSettingProject } from '../../support/workflows/setting-workflow.ts';

const isRoot = process.getuid?.() === 0;
const PATIENCE = { timeout: 20_000, interval: 50 };

/** The arguments that start a run of `note`, which fails after its change. */
function failing({ folder }: Project, id: string, ...more: readonly string[]): readonly string[] {
  const input = ['--input', `file=${path.join(folder, id)}`, '--input', 'command=false'];
  return ['start', 'note', '--id', id, ...input, ...more];
}

const recordOf = async (project: Project, id: string) => readRecord(project, id);

const untilNotified = (notifier: Notifier, reasons: readonly string[]) =>
  vi.waitFor(() => expect(notifier.reasons()).toEqual(reasons), PATIENCE);

const untilItWaits = (project: Project, id: string) =>
  vi.waitFor(async () => expect((await recordOf(project, id)).status).toBe('waiting'), PATIENCE);

/** Returns the workflow `note` with a secret input. With `program`, it also has its own command to notify. */
function secretNote(program?: string): string {
  const notify = program === undefined ? '' : `  notify: { argv: ['${program}', 'by', 'definition'] },\n`;
  return NOTE_WORKFLOW.replace("text: z.string().default('a note')", 'text: secret(z.string())')
    .replace(/^import \{ (.*) \} from 'wf-engine'/m, "import { secret, $1 } from 'wf-engine'")
    .replace('  requirements:', `${notify}  requirements:`);
}

test.concurrent('of a failure, with the record on stdin; not of a success', async () => {
  const project = openNoteProject();
  const notifier = createNotifier(project);
  const success = [
    'start',
    'note',
    '--id',
    'note-ok',
    '--input',
    `file=${project.folder}/ok`,
    '--notify',
    notifier.path,
  ];
  expect(await project.sharedWf(success)).toMatchObject({ exitCode: 0 });
  expect(notifier.reasons()).toEqual([]);
  const failed = await project.wf(failing(project, 'note-fails', '--json', '--notify', './notifier'));
  expect(failed, failed.stderr).toMatchObject({ exitCode: 1 });
  expect(notifier.reasons()).toEqual(['failed note-fails rolled-back']);
  const [notice] = notifier.notices();
  expect(notice?.argv).toBe('');
  expect(notice?.record).toEqual(failed.json());
  expect(notice?.env).toMatchObject({
    WF_RUN: 'note-fails',
    WF_WORKFLOW: 'note',
    WF_STATUS: 'rolled-back',
    WF_DB: project.database,
    PWD: '/',
  });
  expect((await project.sharedWf(['show', 'note-fails'])).stdout).toContain(`notify      ${notifier.path}\n`);
});

test.concurrent('by the command of the definition, unless the start names another or none; without secrets', async () => {
  const project = openNoteProject();
  const notifier = createNotifier(project);
  project.write('workflows/note.ts', secretNote());
  const secret = 'Pa55-w0rd-of-ours';
  const args = ['--input', 'text=@env:NOTE_TEXT'];
  const env = { NOTE_TEXT: secret, PATH: `${project.folder}:${process.env['PATH']}` };
  await project.sharedWf(failing(project, 'note-planned', ...args, '--plan'), { env });
  project.write('workflows/note.ts', secretNote(notifier.path));
  // The command is no part of the definition: apply accepts the plan, which has none.
  expect((await project.sharedWf(['apply', '@latest'], { env })).exitCode).toBe(1);
  const byDefault = await project.sharedWf(failing(project, 'note-default', ...args), { env });
  expect(byDefault, byDefault.stderr).toMatchObject({ exitCode: 1 });
  await project.sharedWf(failing(project, 'note-named', ...args, '--notify', '["notifier","a b","$HOME"]'), { env });
  await project.sharedWf(failing(project, 'note-silent', ...args, '--no-notify'), { env });
  expect(notifier.notices().map(({ argv, env }) => `${env['WF_RUN']}: ${argv}`)).toEqual([
    'note-default: by definition',
    'note-named: a b $HOME',
  ]);
  expect(notifier.notices()[0]?.record.input['text']).toMatch(/^wf-secret:text:/);
  expect(readFileSync(path.join(project.folder, 'notices'), 'utf8')).not.toContain(secret);
  const plan = await project.sharedWf(failing(project, 'note-applied', ...args, '--plan', '--json'), { env });
  expect(planSchema.parse(plan.json()).notify).toEqual([notifier.path, 'by', 'definition']);
  project.write('workflows/note.ts', secretNote('/nowhere'));
  const applied = await project.sharedWf(['apply', '@latest'], { env });
  expect(applied, applied.stderr).toMatchObject({ exitCode: 1 });
  expect(notifier.notices().at(-1)).toMatchObject({ argv: 'by definition', record: { id: 'note-applied' } });
  expect((await project.sharedWf(['retry', 'note-silent'], { env })).exitCode).toBe(1);
  expect(notifier.notices()).toHaveLength(3);
});

test.concurrent('a command that fails, is missing or is killed changes nothing', async () => {
  const project = openNoteProject();
  const expected = await project.sharedWf(failing(project, 'plain', '--json'));
  const stable = (text: string) =>
    text.replace(/"(\w+At|durationMs)": .*/g, '').replaceAll(/plain|fails-[a-z-]+/g, 'ID');
  for (const [name, how, words] of [
    ['exits', 'exec <&-; echo one; printf "two\\nlines" >&2; exit 7', /failed with exit code 7: two lines$/],
    ['is-killed', 'kill -9 $$', /was killed by SIGKILL$/],
  ] as const) {
    const id = `fails-${name}`;
    const argv = JSON.stringify(['sh', '-c', how]);
    const end = await project.sharedWf(failing(project, id, '--json', '--quiet', '--notify', argv));
    expect(end.exitCode).toBe(expected.exitCode);
    expect(stable(end.stdout)).toBe(stable(expected.stdout));
    expect(end.stderr.split('\n').filter((line) => line !== '')).toEqual([
      expect.stringMatching(
        new RegExp(`^warning E_HOST_COMMAND: run ${id}: not notified \\(failed\\): .*${words.source}`),
      ),
    ]);
  }
  const removed = project.start(
    failing(
      project,
      'fails-missing',
      '--input',
      `waitFor=${project.folder}/go`,
      '--notify',
      createNotifier(project).path,
    ),
  );
  await removed.line(/writeNote .* ok/);
  rmSync(path.join(project.folder, 'notifier'));
  writeFileSync(path.join(project.folder, 'go'), '');
  const end = await removed.end;
  expect(end).toMatchObject({ exitCode: 1 });
  expect(end.stderr).toMatch(
    /^warning E_TOOL_MISSING: run fails-missing: not notified \(failed\): .*notifier is no exec/m,
  );
});

test.concurrent('a command that cannot be run is refused before wf touches anything', async () => {
  const project = openNoteProject();
  const notifier = createNotifier(project);
  const notify = async (text: string, ...more: readonly string[]) => {
    const end = await project.sharedWf(failing(project, 'refused', '--notify', text, ...more));
    expect(end.stdout).toBe('');
    return `${end.exitCode} ${/^error (\w+)/.exec(end.stderr)?.[1]}`;
  };
  expect(await notify('/no/such/program')).toBe('3 E_TOOL_MISSING');
  expect(await notify('./workflows/note.ts', '--plan')).toBe('3 E_TOOL_MISSING');
  if (isRoot) {
    chmodSync(notifier.path, 0o777);
    expect(await notify(notifier.path)).toBe('3 E_UNTRUSTED');
    chmodSync(notifier.path, 0o755);
    const run = project.start(
      failing(project, 'spoilt', '--input', `waitFor=${project.folder}/go`, '--notify', 'notifier'),
      {
        env: { PATH: `${project.folder}:${process.env['PATH']}` },
      },
    );
    await run.line(/writeNote .* ok/);
    chmodSync(notifier.path, 0o777);
    writeFileSync(path.join(project.folder, 'go'), '');
    const end = await run.end;
    expect(end, end.stderr).toMatchObject({ exitCode: 1 });
    expect(end.stderr).toMatch(
      /^warning E_UNTRUSTED: run spoilt: not notified \(failed\): .* is writable by everybody/m,
    );
  }
  expect(notifier.reasons()).toEqual([]);
  expect(existsSync(path.join(project.folder, 'refused'))).toBe(false);
  expect((await project.sharedWf(['show', 'refused'])).exitCode).toBe(2);
});

test.concurrent('of a question once, whichever process resumes the run, and of its end; by an agent too', async ({
  onTestFinished,
}) => {
  const project = openAskingProject();
  const notifier = createNotifier(project);
  const start = (id: string) => {
    const args = ['start', 'asking', '--id', id, '--input', `folder=${project.folder}`, '--notify', notifier.path];
    return project.start([...args, '--resume', 'auto']);
  };
  const waiting = /^waiting for the event approve/;
  project.go('first', 'second', 'third');
  const killed = start('asked-a');
  await killed.line(waiting);
  await untilNotified(notifier, ['waiting asked-a waiting']);
  expect(notifier.notices()[0]?.record.waitingFor?.ask?.title).toBe('Continue?');
  killed.kill('SIGKILL');
  await killed.end;
  const resumed = project.start(['resume', 'asked-a']);
  await resumed.line(waiting);
  expect((await project.sharedWf(['send', 'asked-a', 'approve', '--data', '{"by":"Ann"}'])).exitCode).toBe(0);
  expect((await resumed.end).exitCode).toBe(0);
  const reasons = ['waiting asked-a waiting', 'recovered asked-a succeeded'];
  expect(notifier.reasons()).toEqual(reasons);

  const left = start('asked-b');
  await left.line(waiting);
  await untilNotified(notifier, [...reasons, 'waiting asked-b waiting']);
  left.kill('SIGKILL');
  await left.end;
  const agent = await startAgent(onTestFinished, project, ['--json']);
  await untilItWaits(project, 'asked-b');
  // A living sender may advance the run before the agent does.
  const env = { WF_CRASH_AT: 'after request' };
  const reject = (id: string) => project.wf(['send', id, 'reject'], { env });
  expect(await reject('asked-b')).toMatchObject({ signal: 'SIGKILL' });
  await untilNotified(notifier, [...reasons, 'waiting asked-b waiting', 'failed asked-b rolled-back']);
  // The agent reports what it could not send.
  const lost = start('asked-c');
  await lost.line(waiting);
  lost.kill('SIGKILL');
  await lost.end;
  rmSync(notifier.path);
  await untilItWaits(project, 'asked-c');
  expect(await reject('asked-c')).toMatchObject({ signal: 'SIGKILL' });
  const line = await agent.printed(/"did":"not-notified"/);
  expect(JSON.parse(line)).toMatchObject({ run: 'asked-c', reason: 'failed', error: { code: 'E_TOOL_MISSING' } });
  agent.kill('SIGTERM');
  expect((await agent.end).exitCode).toBe(0);
});

test.concurrent('of a run that has to be confirmed, and of its outcome, also by its guard', async () => {
  const project = openSettingProject();
  const notifier = createNotifier(project);
  const options = ['--notify', notifier.path, '--confirm-within'];
  const confirmed = project.run('noted-confirmed', [...options, '60s']);
  await confirmed.line(/^not confirmed yet/);
  expect((await project.confirm('noted-confirmed')).exitCode).toBe(0);
  expect((await confirmed.end).exitCode).toBe(0);
  const reasons = ['unconfirmed noted-confirmed unconfirmed', 'recovered noted-confirmed succeeded'];
  expect(notifier.reasons()).toEqual(reasons);
  await project.sharedWf(['rollback', 'noted-confirmed']);
  expect(notifier.reasons()).toEqual(reasons);
  const deserted = project.run('noted-deserted', [...options, '2s']);
  await deserted.line(/^not confirmed yet/);
  await untilNotified(notifier, [...reasons, 'unconfirmed noted-deserted unconfirmed']);
  deserted.kill('SIGKILL');
  await deserted.end;
  await untilNotified(notifier, [
    ...reasons,
    'unconfirmed noted-deserted unconfirmed',
    'failed noted-deserted rolled-back',
  ]);
});

/** Makes a file, which its undo can remove only if `removable` exists, and fails unless `ready` exists. */
const STUCK = `
  import { defineWorkflow } from 'wf-engine';
  import { execCommand } from 'wf-engine/steps';
  import { setup } from 'xstate';
  import { z } from 'zod';
  export default defineWorkflow({
    name: 'stuck', version: '1', description: 'Leaves a file.', input: z.object({ folder: z.string() }), keepsChanges: true,
    machine: setup({ types: { context: {}, input: {} }, actors: { run: execCommand.with({ alters: [] }) } }).createMachine({
      context: ({ input }) => input, initial: 'make',
      states: {
        make: { invoke: { id: 'make', src: 'run', input: ({ context: { folder } }) => ({ argv: ['touch', folder + '/made'], undo: ['rm', folder + '/removable', folder + '/made'] }), onDone: 'check' } },
        check: { invoke: { id: 'check', src: 'run', input: ({ context: { folder } }) => ({ argv: ['test', '-e', folder + '/ready'], undo: ['true'] }), onDone: 'done' } },
        done: { type: 'final' },
      },
    }),
  });`;

test.concurrent('of a run that needs attention, a kept failure, and their recovery', async () => {
  const project = openProject({ 'workflows/stuck.ts': STUCK });
  const notifier = createNotifier(project);
  // wf ends only after the notice is sent.
  const slowly = JSON.stringify(['sh', '-c', 'sleep 0.5; exec "$0"', notifier.path]);
  const start = (id: string, ...more: readonly string[]) =>
    project.sharedWf([
      'start',
      'stuck',
      '--id',
      id,
      '--input',
      `folder=${project.folder}`,
      '--notify',
      slowly,
      ...more,
    ]);
  const touch = (name: string) => writeFileSync(path.join(project.folder, name), '');
  expect((await start('noted-stuck')).exitCode).toBe(5);
  const settle = ['settle', 'noted-stuck', '1', '--as', 'gone', '--reason', 'removed'];
  expect((await project.sharedWf(settle)).exitCode).toBe(0);
  expect((await start('noted-kept', '--on-failure', 'keep')).exitCode).toBe(1);
  expect((await start('noted-back', '--on-failure', 'keep')).exitCode).toBe(1);
  touch('removable');
  expect((await project.sharedWf(['rollback', 'noted-back'])).exitCode).toBe(0);
  touch('ready');
  const retried = await project.sharedWf(['retry', 'noted-kept']);
  expect(retried, retried.stderr).toMatchObject({ exitCode: 0 });
  expect(notifier.reasons()).toEqual([
    'needs-attention noted-stuck needs-attention',
    'recovered noted-stuck rolled-back',
    'failed noted-kept failed',
    'failed noted-back failed',
    'recovered noted-back rolled-back',
    'recovered noted-kept succeeded',
  ]);
});

test.concurrent('a start anew, a detached start and a schedule carry the command', async () => {
  const project = openNoteProject();
  const notifier = createNotifier(project);
  const argv = JSON.stringify(['./notifier', 'it']);
  expect((await project.wf(failing(project, 'noted-away', '--detach', '--notify', argv))).exitCode).toBe(0);
  await untilNotified(notifier, ['failed noted-away rolled-back']);
  expect((await project.sharedWf(['retry', 'noted-away'])).exitCode).toBe(1);
  const again = (await recordOf(project, 'noted-away')).retriedAs;
  expect(notifier.reasons()).toEqual(['failed noted-away rolled-back', `failed ${again} rolled-back`]);
  expect(notifier.notices()[1]?.argv).toBe('it');
  const print = ['schedule', 'print', 'note', '--on-calendar', 'daily', '--input', 'file=/n'];
  const unit = async (...more: readonly string[]) => {
    const { stdout, stderr } = await project.sharedWf([...print, ...more]);
    return stdout === '' ? stderr : stdout;
  };
  expect(await unit('--notify', argv)).toContain(`--notify "[\\"${notifier.path}\\",\\"it\\"]" -- note`);
  expect(await unit('--no-notify')).toContain(' --no-notify -- note');
  expect(await project.sharedWf([...print, '--notify', 'no-such-program'])).toMatchObject({ exitCode: 3, stdout: '' });
});

test.concurrent('a command that does not end delays neither the run nor, after Ctrl-C, wf', async ({
  onTestFinished,
}) => {
  const project = openAskingProject();
  const hanging = `sleep 61.${process.pid % 1_000}`;
  const notifier = createNotifier(project, `exec ${hanging}`);
  project.go('first', 'second', 'third');
  const args = ['start', 'asking', '--input', `folder=${project.folder}`, '--notify', notifier.path, '--id'];
  // The notice of the question is under way until the test ends it.
  const run = project.start([...args, 'held-up']);
  await run.line(/^waiting for the event approve/);
  await untilRunning(hanging);
  expect((await project.sharedWf(['send', 'held-up', 'approve', '--data', '{"by":"Ann"}'])).exitCode).toBe(0);
  await run.printed(/^asking succeeded/);
  await run.line(/^waiting for the command that is notified/);
  run.kill('SIGTERM');
  const end = await run.end;
  expect(end).toMatchObject({ exitCode: 0, signal: undefined });
  expect(end.stderr.match(/^warning E_HOST_COMMAND: run held-up: not notified .* was ended with wf$/gm)).toHaveLength(
    2,
  );
  // wf is killed: the command is not a process of the run, and delays no resume.
  const killed = project.start([...args, 'cut-short']);
  await killed.line(/^waiting for the event approve/);
  const pid = await untilRunning(hanging);
  onTestFinished(() => {
    process.kill(pid, 'SIGKILL');
  });
  killed.kill('SIGKILL');
  await killed.end;
  const resumed = project.start(['resume', 'cut-short']);
  await resumed.line(/^waiting for the event approve/);
  expect(existsSync(`/proc/${pid}`)).toBe(true);
  resumed.kill('SIGINT');
  expect((await resumed.end).exitCode).toBe(130);
  expect(notifier.reasons()).toEqual(['waiting held-up waiting', 'waiting cut-short waiting']);
  rmSync(notifier.path);
  expect((await project.sharedWf(['rollback', 'cut-short'])).exitCode).toBe(0);
});
