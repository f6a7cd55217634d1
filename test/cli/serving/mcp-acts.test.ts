import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { type McpClient, openMcp } from '../../support/command/mcp.ts';
import { readRecord } from '../../support/command/read-record.ts';
import { openProject, WF } from '../../support/command/run-wf.ts';
import { running } from '../../support/host/processes.ts';
import { ASKING_WORKFLOW } from '../../support/workflows/asking-workflow.ts';
import { NOTE_WORKFLOW } from '../../support/workflows/note.ts';
import { SETTING_WORKFLOW } from '../../support/workflows/setting-workflow.ts';

const project = openProject({
  'workflows/asking.ts': ASKING_WORKFLOW,
  'workflows/setting.ts': SETTING_WORKFLOW,
  'workflows/note.ts': NOTE_WORKFLOW,
});
/** The folder in which the runs of a workflow write. */
const folderOf = (workflow: string) => path.dirname(project.write(`of-${workflow}/.keep`, ''));
const [asked, set, noted] = [folderOf('asking'), folderOf('setting'), folderOf('note')];
let mcp: McpClient;

beforeAll(async () => {
  mcp = await openMcp(project, '--allow-actions');
});

const go = (step: string) => writeFileSync(path.join(asked, `${step}.go`), '');
const log = () => readFileSync(path.join(asked, 'log'), 'utf8').trim().split('\n');

async function answered(tool: string, args: Readonly<Record<string, unknown>>): Promise<unknown> {
  const answer = await mcp.call(tool, args);
  expect(answer, answer.texts.join('\n')).toMatchObject({ isError: false });
  return answer.json();
}

async function refused(tool: string, args: Readonly<Record<string, unknown>>): Promise<unknown> {
  const answer = await mcp.call(tool, args);
  expect(answer, answer.texts.join('\n')).toMatchObject({ isError: true });
  return answer.json();
}

/** Waits without the server, which would start a command for each read. */
async function untilStatus(run: string, status: string): Promise<unknown> {
  await expect.poll(() => readRecord(project, run).status, { timeout: 20_000 }).toBe(status);
  return answered('show_run', { run });
}

test('tools that act are offered, and annotated as such', async () => {
  const { tools } = await mcp.client.listTools();
  const acts = tools.filter(({ annotations }) => annotations?.readOnlyHint === false);
  expect(acts.map(({ name, annotations }) => [name, annotations?.destructiveHint])).toEqual([
    ['start_run', true],
    ['send_event', true],
    ['pause_run', false],
    ['cancel_run', true],
    ['confirm_run', true],
    ['resume_run', true],
    ['retry_run', true],
    ['roll_back_run', true],
  ]);
  expect(tools.length).toBeGreaterThan(acts.length);
  expect(mcp.client.getInstructions()).not.toContain('This server changes nothing');
});

test.concurrent('a run is started, paused, resumed, approved and rolled back', async () => {
  const run = 'mcp-asked';
  expect(await answered('start_run', { workflow: 'asking', id: run, input: { folder: asked } })).toMatchObject({
    id: run,
    status: 'running',
    input: { folder: asked },
  });
  expect(await refused('start_run', { workflow: 'asking', id: run, input: { folder: asked } })).toMatchObject({
    error: { code: 'E_RUN_EXISTS' },
  });
  const pause = await answered('pause_run', { run, comment: 'lunch', wait_seconds: 0 });
  expect(pause).toEqual({ underWay: true, run, next: expect.stringContaining('wait_for_run') });
  go('first');
  expect(await answered('wait_for_run', { run })).toMatchObject({ id: run, status: 'paused' });
  expect(await answered('plan_resume', { run })).toMatchObject({ run, direction: 'forward' });
  expect(await answered('resume_run', { run, wait_seconds: 0 })).toMatchObject({ underWay: true });
  expect(await untilStatus(run, 'waiting')).toMatchObject({ waitingFor: { ask: { title: 'Continue?' } } });
  expect(await refused('wait_for_run', { run, seconds: 1 })).toMatchObject({ error: { code: 'E_WAIT_TIMEOUT' } });
  expect(await refused('send_event', { run, event: '--help' })).toMatchObject({
    error: { code: 'E_EVENT_UNEXPECTED' },
  });
  const approval = { run, event: 'approve', data: { by: 'Ann' }, comment: '--seen "with" Bob\n' };
  const by = { user: userInfo().username, sudoUser: null, host: hostname() };
  expect(await answered('send_event', approval)).toMatchObject({
    request: {
      by,
      kind: 'send',
      event: { type: 'approve', by: 'Ann' },
      comment: approval.comment,
      outcome: { type: 'handled' },
    },
    run: { id: run },
  });
  go('second');
  go('third');
  expect(await answered('wait_for_run', { run })).toMatchObject({
    status: 'succeeded',
    requests: [{ by, comment: 'lunch' }, {}, {}],
  });
  const latest = { error: { code: 'E_USAGE', message: 'roll_back_run: run: not a run id' } };
  expect(await refused('roll_back_run', { run: '@latest' })).toMatchObject(latest);
  expect(await answered('roll_back_run', { run })).toMatchObject({ status: 'rolled-back' });
  expect(log()).toEqual(['first', 'second', 'third', 'not third', 'not second', 'not first']);
});

test.concurrent('a run is kept only if its whole id confirms it', async () => {
  const run = 'mcp-confirmed';
  await answered('start_run', { workflow: 'setting', id: run, input: { folder: set }, confirm_within: '10m' });
  await untilStatus(run, 'unconfirmed');
  for (const reference of ['@latest', '--help']) {
    expect(await refused('confirm_run', { run: reference })).toMatchObject({ error: { code: 'E_USAGE' } });
  }
  expect(await refused('confirm_run', { run: 'mcp-conf' })).toMatchObject({
    error: { code: 'E_USAGE', message: 'mcp-conf: a run is confirmed by its whole id' },
  });
  await answered('confirm_run', { run, extend: '20m' });
  expect(await answered('show_run', { run })).toMatchObject({ status: 'unconfirmed' });
  expect(await answered('confirm_run', { run })).toMatchObject({
    request: { kind: 'confirm', outcome: { type: 'handled' } },
    run: { id: run, status: 'succeeded' },
  });
  expect(existsSync(path.join(set, 'two'))).toBe(true);
  expect(await answered('changes', { run })).toMatchObject([{ step: 'one' }, { step: 'two' }]);
});

test.concurrent('a failed run is retried, and another one cancelled', async () => {
  const file = path.join(noted, 'note.txt');
  await answered('start_run', { workflow: 'note', id: 'mcp-failed', input: { file, command: 'false' } });
  expect(await answered('wait_for_run', { run: 'mcp-failed' })).toMatchObject({ status: 'rolled-back' });
  expect(await answered('retry_run', { run: 'mcp-failed' })).toMatchObject({
    request: { kind: 'retry' },
    run: { retryOf: 'mcp-failed', status: 'rolled-back' },
  });
  const waitFor = path.join(noted, 'never');
  await answered('start_run', { workflow: 'note', id: 'mcp-cancelled', input: { file, waitFor } });
  expect(await answered('cancel_run', { run: 'mcp-cancelled', comment: 'wrong host' })).toMatchObject({
    run: { status: 'rolled-back', error: { code: 'E_CANCELLED' } },
  });
  expect(existsSync(file)).toBe(false);
});

test('a command that acts continues after the server has ended', async () => {
  const [file, waitFor] = [path.join(noted, 'left.txt'), path.join(noted, 'left.go')];
  const run = 'mcp-left';
  await answered('start_run', { workflow: 'note', id: run, input: { file, waitFor }, pause_after: 'write' });
  expect(await answered('wait_for_run', { run })).toMatchObject({ status: 'paused' });
  expect(await answered('resume_run', { run, wait_seconds: 0 })).toMatchObject({ underWay: true });
  await untilStatus(run, 'running');
  await mcp.client.close();
  expect(existsSync(`/proc/${mcp.pid}`)).toBe(false);
  writeFileSync(waitFor, '');
  expect((await project.wf(['wait', run, '--json'])).json()).toMatchObject({ status: 'succeeded' });
  await expect.poll(() => running(new RegExp(`${WF} resume .* ${run}$`))).toEqual([]);
});
