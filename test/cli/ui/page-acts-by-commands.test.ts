import Database from 'better-sqlite3';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type ActedRun, openActionsProject } from '../../support/actions-project.ts';
import { ask, openSession, type Session } from '../../support/page-client.ts';
import { runRecordSchema } from '../../support/run-record.ts';
import { type ServedPage, servePage } from '../../support/served-page.ts';
import { answerSchema } from '../../support/served-routes.ts';

const project = openActionsProject();
let served: ServedPage;
let session: Session;

beforeAll(async () => {
  served = await servePage(project, ['--allow-actions']);
  session = await openSession(served);
});

async function post(address: string, body: unknown) {
  const sent = { method: 'POST', headers: session.writing, body: JSON.stringify(body) };
  const { status, text } = await ask(served, `/api${address}`, sent);
  const document = JSON.parse(text);
  // As the document of the API describes it.
  const described = () => answerSchema(address.replace(/^\/runs\/[^/]+/, '/runs/{run}'), 'post');
  if (status === 200) expect(described().parse(document)).toEqual(document);
  return { status, document };
}

async function get(address: string) {
  const { status, text } = await ask(served, `/api${address}`, { headers: { cookie: session.cookie } });
  return { status, document: JSON.parse(text) };
}

const actionSchema = z.strictObject({
  id: z.string(),
  command: z.string(),
  startedAt: z.number(),
  state: z.enum(['running', 'done', 'refused']),
  document: z.unknown(),
  error: z.unknown(),
});

/** Waits for the outcome of a command that goes on. */
async function outcomeOf(id: string) {
  const read = async () => actionSchema.parse((await get(`/actions/${id}`)).document);
  await expect.poll(async () => (await read()).state, { timeout: 20_000, interval: 100 }).not.toBe('running');
  return read();
}

/** Returns what the command printed, also if it takes longer than an answer waits. */
async function printedBy({ status, document }: Awaited<ReturnType<typeof post>>): Promise<unknown> {
  if (status !== 202) {
    expect([status, document]).toEqual([200, document]);
    return document;
  }
  const outcome = await outcomeOf(actionSchema.parse(document).id);
  expect(outcome).toMatchObject({ state: 'done' });
  return outcome.document;
}

async function waitingRun(id: string): Promise<ActedRun> {
  const run = project.run('asking', id);
  run.go('first.go');
  await run.start().line(/^waiting for the event/);
  return run;
}

describe('an action of the page', () => {
  test('is answered with what its command prints', async () => {
    const run = await waitingRun('api-sent');
    const wrong = await post(`/runs/${run.id}/send`, { event: 'approve', data: { by: '' } });
    expect(wrong).toMatchObject({ status: 400, document: { error: { code: 'E_EVENT_INVALID' } } });
    const sent = await post(`/runs/${run.id}/send`, { event: 'reject', comment: '--keep' });
    expect(sent).toMatchObject({ status: 200, document: { request: { comment: '--keep' }, run: { id: run.id } } });
    expect(runRecordSchema.parse(sent.document.run).requests).toHaveLength(2);
    await expect.poll(async () => (await run.record()).status, { timeout: 20_000 }).toBe('rolled-back');
    const late = await post(`/runs/${run.id}/send`, { event: 'reject' });
    expect(late).toMatchObject({ status: 409, document: { error: { code: 'E_REQUEST_REFUSED' } } });
    expect(await post(`/runs/${run.id}/confirm`, {})).toMatchObject({ status: 409 });
    expect(await post(`/runs/${run.id}/resume`, {})).toMatchObject({
      status: 400,
      document: { error: { code: 'E_RUN_ENDED' } },
    });
  });

  test('is no error because the run fails then', async () => {
    const run = project.run('touchy', 'api-failing');
    expect(await run.start('--on-failure', 'keep').end).toMatchObject({ exitCode: 1 });
    expect(await get(`/runs/${run.id}/preview/retry`)).toMatchObject({
      document: { refusal: null, plan: { direction: 'forward', steps: [{ plan: 'kept' }, { step: 'check' }] } },
    });
    const retried = await printedBy(await post(`/runs/${run.id}/retry`, { comment: 'again' }));
    expect(retried).toMatchObject({ request: { comment: 'again' } });
    await expect.poll(async () => (await run.record()).status, { timeout: 20_000 }).toBe('failed');
    const rolledBack = await printedBy(await post(`/runs/${run.id}/rollback`, {}));
    // The first change cannot be undone: the run needs attention, and the command has done what was asked.
    expect(rolledBack).toMatchObject({ id: run.id, status: 'needs-attention' });
    const undo = { change: 1, as: 'gone', reason: 'removed' };
    expect(await post(`/runs/${run.id}/settle`, { ...undo, change: 9 })).toMatchObject({ status: 409 });
    expect(await post(`/runs/${run.id}/settle`, undo)).toMatchObject({ status: 200 });
  });

  test('that takes longer is followed by its id', async () => {
    const run = await waitingRun('api-slow');
    const resumed = await post(`/runs/${run.id}/resume`, {});
    expect(resumed).toMatchObject({ status: 409, document: { error: { code: 'E_LEASE_HELD' } } });
    expect(await post(`/runs/${run.id}/pause`, {})).toMatchObject({
      status: 200,
      document: { run: { status: 'paused' } },
    });
    const { status, document } = await post(`/runs/${run.id}/resume`, {});
    expect(status).toBe(202);
    const action = actionSchema.parse(document);
    expect(action).toMatchObject({ state: 'running', command: `wf resume -- ${run.id}`, document: null, error: null });
    expect(await get(`/actions/${action.id}`)).toMatchObject({ status: 200, document: { state: 'running' } });
    await expect.poll(async () => (await run.record()).status, { timeout: 20_000 }).toBe('waiting');
    expect(await post(`/runs/${run.id}/send`, { event: 'reject' })).toMatchObject({ status: 200 });
    expect(await outcomeOf(action.id)).toMatchObject({
      state: 'done',
      document: { id: run.id, status: 'rolled-back' },
    });
    expect(await get('/actions/unknown')).toMatchObject({ status: 404 });
  });

  test('takes nothing of the request as an option, a reference or a file', async () => {
    const run = await waitingRun('api-strict');
    for (const id of ['@latest', 'api-stric', '--all', '-h', '..', '%2e%2e%2fx', 'a%00b']) {
      const { status } = await post(`/runs/${id}/cancel`, {});
      expect([id, status === 400 || status === 404]).toEqual([id, true]);
    }
    const bodies: readonly (readonly [string, unknown])[] = [
      ['send', { event: 'reject', comment: 'a\0b' }],
      ['send', { event: 'a\0b' }],
      ['send', { event: 'reject', data: ['x'] }],
      ['send', { event: 'reject', workflow: '/tmp/x.ts' }],
      ['send', {}],
      ['cancel', { keep: 'yes' }],
      ['cancel', { json: true }],
      ['confirm', { extend: 5 }],
      ['settle', { change: 1.5, as: 'gone', reason: 'x' }],
      ['settle', { change: 1, as: 'gone', reason: '' }],
    ];
    for (const [name, body] of bodies) {
      expect([name, body, (await post(`/runs/${run.id}/${name}`, body)).status]).toEqual([name, body, 400]);
    }
    expect((await run.record()).requests).toEqual([]);
    const odd = await post(`/runs/${run.id}/send`, { event: '--help' });
    expect(odd).toMatchObject({ status: 409, document: { error: { code: 'E_EVENT_UNEXPECTED' } } });
    expect(await post(`/runs/${run.id}/cancel`, { comment: '' })).toMatchObject({ status: 200 });
    expect((await run.record()).requests).toMatchObject([{ kind: 'send' }, { kind: 'cancel', comment: null }]);
  });

  test('is refused for a moment while too many others begin', async () => {
    const run = await waitingRun('api-crowd');
    const refused: unknown[] = [];
    // No command ends while this test holds the database.
    const held = new Database(project.database);
    held.exec('BEGIN IMMEDIATE');
    const answers = Array.from({ length: 20 }, async () => {
      const answer = await post(`/runs/${run.id}/pause`, {});
      if (answer.status === 503) refused.push(answer.document);
    });
    await expect.poll(() => refused.length, { timeout: 20_000 }).toBe(12);
    held.close();
    await Promise.all(answers);
    expect(refused).toEqual(Array(12).fill({ error: expect.objectContaining({ code: 'E_LIMIT' }) }));
    expect((await project.wf(['cancel', run.id])).exitCode).toBe(0);
  });
});
