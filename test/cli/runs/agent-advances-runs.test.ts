import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { agentLines, linesOf, startAgent } from '../../support/command/agent.ts';
import { readRecord } from '../../support/command/read-record.ts';
import { openProject, type Project } from '../../support/command/run-wf.ts';
import { running } from '../../support/host/processes.ts';
import { testsInTurn } from '../../support/tests-in-turn.ts';
import { ASKING_WORKFLOW, openAskingProject } from '../../support/workflows/asking-workflow.ts';
import { openSettingProject } from '../../support/workflows/setting-workflow.ts';

const GATE = readFileSync(new URL('../../fixtures/workflows/gate.ts', import.meta.url), 'utf8');
const FOLDERS = readFileSync(new URL('../../fixtures/workflows/folders.ts', import.meta.url), 'utf8');
const PATIENCE = { timeout: 20_000, interval: 50 };
const HOUR = 3_600_000;

const record = async (project: Project, id: string) => readRecord(project, id);
const untilItIs = (project: Project, id: string, status: string) =>
  vi.waitFor(async () => expect(await statusOf(project, id)).toBe(status), PATIENCE);
const statusOf = async (project: Project, id: string) => (await record(project, id)).status;

/** Starts a run of `gate`, and kills its process once the run waits. */
async function leaveWaiting(project: Project, id: string, ms: number, ...options: readonly string[]): Promise<void> {
  const start = project.start(['start', 'gate', '--id', id, '--input', `ms=${ms}`, ...options]);
  await start.line(/^waiting for the event go/);
  start.kill('SIGKILL');
  await start.end;
}

const everySecond = testsInTurn(2, test.concurrent);

test.concurrent('it fires due timers, and resumes what was started with --resume auto; one agent per database', async ({
  onTestFinished,
}) => {
  const project = openProject({ 'workflows/gate.ts': GATE });
  await leaveWaiting(project, 'agent-due', 3_000);
  await leaveWaiting(project, 'agent-auto', HOUR, '--resume', 'auto');
  await leaveWaiting(project, 'agent-left', HOUR);
  expect(await record(project, 'agent-auto')).toMatchObject({ resume: 'auto', status: 'interrupted' });
  expect((await project.sharedWf(['show', 'agent-auto'])).stdout).toMatch(/^ {2}resume +by `wf agent`/m);
  expect((await project.sharedWf(['doctor'])).stdout).toMatch(/no agent runs, and run agent-due waits for a timer/);

  const agent = await startAgent(onTestFinished, project, ['--json']);
  const second = await project.wf(['agent']);
  expect(second).toMatchObject({ exitCode: 4, stdout: '' });
  expect(second.stderr).toMatch(new RegExp(`^error E_AGENT_RUNNING: process ${agent.pid} is the agent of `));
  await untilItIs(project, 'agent-due', 'succeeded');
  await untilItIs(project, 'agent-auto', 'waiting');
  expect(await statusOf(project, 'agent-left')).toBe('interrupted');
  const status = (await project.sharedWf(['agent', 'status', '--json'])).json();
  expect(status).toMatchObject({ running: true, pid: agent.pid, next: { run: 'agent-auto' }, units: [] });
  expect((await project.sharedWf(['doctor'])).stdout).toMatch(new RegExp(`agent +process ${agent.pid}`));

  const lines = await agentLines(agent);
  const of = (id: string) => lines.filter(({ run }) => run === id);
  expect(of('agent-due')).toMatchObject([
    { did: 'resumed', why: 'timer' },
    { did: 'left', status: 'succeeded' },
  ]);
  expect(of('agent-auto')).toMatchObject([
    { did: 'resumed', why: 'interrupted' },
    { did: 'left', status: 'waiting', until: expect.any(String) },
  ]);
  expect(lines.filter(({ run }) => run === undefined).map(({ did }) => did)).toEqual(['started', 'draining', 'ended']);
  expect((await agent.end).exitCode).toBe(0);
  expect((await project.sharedWf(['agent', 'status', '--json'])).json()).toMatchObject({ running: false, pid: null });
});

everySecond(
  'it drains: the step under way finishes, no other begins, and the next agent resumes the run',
  async ({ onTestFinished }) => {
    const project = openAskingProject();
    const run = project.start([
      'start',
      'asking',
      '--id',
      'agent-drains',
      '--input',
      `folder=${project.folder}`,
      '--resume',
      'auto',
    ]);
    await run.line(/^run agent-drains of asking/);
    project.go('first');
    await run.line(/^waiting for the event approve/);
    run.kill('SIGKILL');
    await run.end;
    const first = await startAgent(onTestFinished, project);
    await first.printed(/run agent-drains waits until/);
    const send = project.wf(['send', 'agent-drains', 'approve', '--data', '{"by":"Ann"}']);
    await first.printed(/run agent-drains resumed: a request/);
    expect((await send).exitCode).toBe(0);
    first.kill('SIGTERM');
    await first.printed(/SIGTERM: draining, waiting for agent-drains/);
    project.go('second');
    expect(await first.end).toMatchObject({
      exitCode: 0,
      signal: undefined,
      stdout: expect.stringMatching(/interrupted/),
    });
    expect(project.log()).toEqual(['first', 'second']);
    expect(await statusOf(project, 'agent-drains')).toBe('interrupted');
    project.go('third');
    const next = await startAgent(onTestFinished, project);
    await untilItIs(project, 'agent-drains', 'succeeded');
    expect(project.log()).toEqual(['first', 'second', 'third']);
    next.kill('SIGINT');
    expect((await next.end).exitCode).toBe(0);
  },
);

everySecond('a second signal ends it at once, and nothing is lost', async ({ onTestFinished }) => {
  const project = openProject({ 'workflows/folders.ts': FOLDERS });
  const root = path.join(project.folder, 'root');
  mkdirSync(root);
  const log = () =>
    existsSync(path.join(root, 'log')) ? readFileSync(path.join(root, 'log'), 'utf8').split('\n') : [];
  const input = ['--input', `root=${root}`, '--input', `waitFor=${root}/go`];
  const run = project.start(['start', 'folders', '--id', 'agent-twice', ...input, '--resume', 'auto']);
  const waiting = () => running(new RegExp(` ${root} two ${root}/go$`));
  await vi.waitFor(() => expect(waiting()).not.toEqual([]), PATIENCE);
  expect(log()).toEqual(['one', '']);
  // For a moment its child has the same command line, until it becomes another program. The pid of the child is higher.
  const orphan = Math.min(...waiting());
  run.kill('SIGKILL');
  await run.end;
  const agent = await startAgent(onTestFinished, project);
  await agent.printed(/run agent-twice resumed: its process was gone/);
  // Without a step under way the agent would end at the first signal.
  await vi.waitFor(() => {
    const pids = waiting();
    expect([pids.length > 0, pids.includes(orphan)]).toEqual([true, false]);
  }, PATIENCE);
  agent.kill('SIGTERM');
  await agent.printed(/draining, waiting for agent-twice/);
  agent.kill('SIGTERM');
  expect((await agent.end).exitCode).toBe(143);
  expect((await project.sharedWf(['agent', 'status', '--json'])).json()).toMatchObject({ running: false });
  writeFileSync(path.join(root, 'go'), '');
  await startAgent(onTestFinished, project);
  await untilItIs(project, 'agent-twice', 'succeeded');
  expect(log()).toEqual(['one', 'two', 'three', 'not three', 'not two', 'not one', '']);
});

everySecond('it answers a request whose sender was killed, as the sender would have', async ({ onTestFinished }) => {
  const project = openProject({ 'workflows/gate.ts': GATE });
  await leaveWaiting(project, 'agent-asked', HOUR);
  await leaveWaiting(project, 'agent-undone', HOUR);
  const dies = { env: { WF_CRASH_AT: 'after request' } };
  expect((await project.wf(['send', 'agent-asked', 'go'], dies)).signal).toBe('SIGKILL');
  expect((await project.wf(['cancel', 'agent-undone'], dies)).signal).toBe('SIGKILL');
  const agent = await startAgent(onTestFinished, project, ['--json']);
  await untilItIs(project, 'agent-asked', 'succeeded');
  await untilItIs(project, 'agent-undone', 'rolled-back');
  // A living sender and the agent compete: one of them advances the run, and the sender gets the answer.
  await leaveWaiting(project, 'agent-raced', HOUR);
  expect(await project.wf(['send', 'agent-raced', 'go'])).toMatchObject({ exitCode: 0 });
  await untilItIs(project, 'agent-raced', 'succeeded');
  expect((await agentLines(agent)).filter(({ did }) => did === 'failed')).toEqual([]);
});

everySecond(
  'it takes back an unconfirmed run without a guard, and starts a rolled-back run anew',
  async ({ onTestFinished }) => {
    const project = openSettingProject();
    const run = project.run('agent-unconfirmed', ['--confirm-within', '2s', '--no-guard']);
    await run.line(/^not confirmed yet/);
    run.kill('SIGKILL');
    await run.end;
    await startAgent(onTestFinished, project);
    await untilItIs(project, 'agent-unconfirmed', 'rolled-back');
    expect(await record(project, 'agent-unconfirmed')).toMatchObject({ error: { code: 'E_NOT_CONFIRMED' } });
    expect(project.log()).toEqual(['one', 'two', 'not two', 'not one']);

    await project.sharedWf(['start', 'setting', '--id', 'agent-retried', '--input', `folder=${project.folder}`]);
    await project.sharedWf(['rollback', 'agent-retried']);
    const sender = await project.wf(['retry', 'agent-retried'], { env: { WF_CRASH_AT: 'after request' } });
    expect(sender).toMatchObject({ signal: 'SIGKILL' });
    await vi.waitFor(async () => expect((await record(project, 'agent-retried')).retriedAs).toBeDefined(), PATIENCE);
    const { retriedAs = '' } = await record(project, 'agent-retried');
    await untilItIs(project, retriedAs, 'succeeded');
  },
);

test.concurrent('a run that cannot be resumed is reported once, and resumed once the cause is fixed, without a restart', async ({
  onTestFinished,
}) => {
  const project = openProject({ 'workflows/gate.ts': GATE, 'workflows/asking.ts': ASKING_WORKFLOW });
  const file = path.join(project.folder, 'workflows/gate.ts');
  await leaveWaiting(project, 'agent-changed', 6_000);
  await leaveWaiting(project, 'agent-intact', 6_500);
  project.write(
    'workflows/gate.ts',
    GATE.replace("version: '1'", "version: '2'")
      .replaceAll('gate:', 'door:')
      .replace("initial: 'gate'", "initial: 'door'"),
  );
  const agent = await startAgent(onTestFinished, project, ['--json']);
  await agent.printed(/"run":"agent-intact".*E_DEFINITION_CHANGED/);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect(await statusOf(project, 'agent-changed')).toBe('interrupted');
  // The file is replaced atomically: the agent may load it at any moment.
  renameSync(project.write('gate.ts', GATE), file);
  for (const id of ['agent-changed', 'agent-intact']) {
    await untilItIs(project, id, 'succeeded');
  }
  const failed = (await agentLines(agent)).filter(({ did }) => did === 'failed');
  expect(failed.map(({ run }) => run).sort()).toEqual(['agent-changed', 'agent-intact']);
  expect(failed[0]).toMatchObject({ error: { code: 'E_DEFINITION_CHANGED' }, retryAt: expect.any(String) });
}, 90_000);

test.concurrent('a deleted database ends it with an error', async ({ onTestFinished }) => {
  const project = openProject({ 'workflows/gate.ts': GATE });
  await leaveWaiting(project, 'agent-gone', HOUR);
  const agent = await startAgent(onTestFinished, project, ['--json']);
  await project.sharedWf(['runs']);
  for (const end of ['', '-wal', '-shm']) {
    rmSync(`${project.database}${end}`, { force: true });
  }
  const { exitCode, stdout } = await agent.end;
  expect(exitCode).toBe(3);
  const [last] = stdout.split('\n{\n  "error"').slice(1);
  expect(last).toContain('E_DATABASE');
  expect(linesOf(stdout.slice(0, stdout.indexOf('\n{\n'))).at(-1)?.did).toBe('draining');
});

test.concurrent('options that go together with nothing are refused', async () => {
  const project = openProject();
  for (const args of [
    ['agent', '--user'],
    ['agent', 'status', '--user'],
    ['agent', 'start'],
    ['agent', '--concurrency', '0'],
  ]) {
    expect(await project.sharedWf(args)).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: expect.stringContaining('E_USAGE'),
    });
  }
  // The tests run without a booted systemd.
  const install = await project.sharedWf(['agent', 'install']);
  expect(install).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('E_SYSTEMD') });
  expect(await project.sharedWf(['agent', 'uninstall', '--json'])).toMatchObject({ exitCode: 0 });
  expect(
    z
      .looseObject({ removed: z.literal(false) })
      .parse((await project.sharedWf(['agent', 'uninstall', '--json'])).json()),
  ).toBeTruthy();
});
