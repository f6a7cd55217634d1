import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { PinnedConnection } from '../../../src/sqlite/pinned-connection.ts';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { ask, endOf, openSession, pageActionOf, type Session } from '../../support/page/page-client.ts';
import { type ServedPage, servePage } from '../../support/page/served-page.ts';
import { answerSchema } from '../../support/page/served-routes.ts';
import { type ActedRun, openActionsProject } from '../../support/workflows/actions-project.ts';

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
  // The document of the API describes the answer.
  const described = () => answerSchema(address.replace(/^\/runs\/[^/]+/, '/runs/{run}'), 'post');
  if (status === 200) expect(described().parse(document)).toEqual(document);
  return { status, document, text };
}

async function get(address: string) {
  const { status, text } = await ask(served, `/api${address}`, { headers: { cookie: session.cookie } });
  return { status, document: JSON.parse(text) };
}

const sentSchema = z.looseObject({ run: runRecordSchema });

type Answer = Awaited<ReturnType<typeof post>>;

/** Returns the output of the command, also if the command takes longer than an answer waits. */
async function printedBy({ status, document, text }: Answer): Promise<unknown> {
  if (status !== 202) {
    expect([status, document]).toEqual([200, document]);
    return document;
  }
  const outcome = await endOf(served, session, pageActionOf(text));
  expect(outcome).toMatchObject({ state: 'done' });
  return outcome.document;
}

/** Expects that the command refuses, also if it takes longer than an answer waits. */
async function expectRefusal({ status, document, text }: Answer, expected: number, code: string) {
  if (status !== 202) {
    expect({ status, document }).toMatchObject({ status: expected, document: { error: { code } } });
    return;
  }
  expect(await endOf(served, session, pageActionOf(text))).toMatchObject({ state: 'refused', error: { code } });
}

async function waitingRun(id: string): Promise<ActedRun> {
  const run = project.run('asking', id);
  run.go('first.go');
  await run.start().line(/^waiting for the event/);
  return run;
}

describe('an action of the page', () => {
  test('is answered with the output of its command', async () => {
    const run = await waitingRun('api-sent');
    const wrong = await post(`/runs/${run.id}/send`, { event: 'approve', data: { by: '' } });
    await expectRefusal(wrong, 400, 'E_EVENT_INVALID');
    const sent = await printedBy(await post(`/runs/${run.id}/send`, { event: 'reject', comment: '--keep' }));
    expect(sent).toMatchObject({ request: { comment: '--keep' }, run: { id: run.id } });
    expect(sentSchema.parse(sent).run.requests).toHaveLength(2);
    await expect.poll(async () => (await run.record()).status, { timeout: 20_000 }).toBe('rolled-back');
    const late = await post(`/runs/${run.id}/send`, { event: 'reject' });
    await expectRefusal(late, 409, 'E_REQUEST_REFUSED');
    await expectRefusal(await post(`/runs/${run.id}/confirm`, {}), 409, 'E_REQUEST_REFUSED');
    await expectRefusal(await post(`/runs/${run.id}/resume`, {}), 400, 'E_RUN_ENDED');
  });

  test('is no error if the run then fails', async () => {
    const run = project.run('touchy', 'api-failing');
    expect(await run.carryOut('--on-failure', 'keep')).toMatchObject({ exitCode: 1 });
    expect(await get(`/runs/${run.id}/preview/retry`)).toMatchObject({
      document: { refusal: null, plan: { direction: 'forward', steps: [{ plan: 'kept' }, { step: 'check' }] } },
    });
    const retried = await printedBy(await post(`/runs/${run.id}/retry`, { comment: 'again' }));
    expect(retried).toMatchObject({ request: { comment: 'again' } });
    await expect.poll(async () => (await run.record()).status, { timeout: 20_000 }).toBe('failed');
    const rolledBack = await printedBy(await post(`/runs/${run.id}/rollback`, {}));
    // The first change cannot be undone: the run needs attention, and the command has done its work.
    expect(rolledBack).toMatchObject({ id: run.id, status: 'needs-attention' });
    const undo = { change: 1, as: 'gone', reason: 'removed' };
    await expectRefusal(await post(`/runs/${run.id}/settle`, { ...undo, change: 9 }), 409, 'E_REQUEST_REFUSED');
    await printedBy(await post(`/runs/${run.id}/settle`, undo));
  });

  test('that takes longer is followed by its id', async () => {
    const run = await waitingRun('api-slow');
    await expectRefusal(await post(`/runs/${run.id}/resume`, {}), 409, 'E_LEASE_HELD');
    const paused = await printedBy(await post(`/runs/${run.id}/pause`, {}));
    expect(paused).toMatchObject({ run: { status: 'paused' } });
    const { status, text } = await post(`/runs/${run.id}/resume`, {});
    expect(status).toBe(202);
    const action = pageActionOf(text);
    expect(action).toMatchObject({ state: 'running', command: `wf resume -- ${run.id}`, document: null, error: null });
    expect(await get(`/actions/${action.id}`)).toMatchObject({ status: 200, document: { state: 'running' } });
    await expect.poll(async () => (await run.record()).status, { timeout: 20_000 }).toBe('waiting');
    await printedBy(await post(`/runs/${run.id}/send`, { event: 'reject' }));
    expect(await endOf(served, session, action)).toMatchObject({
      state: 'done',
      document: { id: run.id, status: 'rolled-back' },
    });
    expect(await get('/actions/unknown')).toMatchObject({ status: 404 });
  });

  test('treats no part of the request as an option, a reference or a file', async () => {
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
    await expectRefusal(odd, 409, 'E_EVENT_UNEXPECTED');
    await printedBy(await post(`/runs/${run.id}/cancel`, { comment: '' }));
    expect((await run.record()).requests).toMatchObject([{ kind: 'send' }, { kind: 'cancel', comment: null }]);
  });

  test('is refused for a moment while too many others begin', async () => {
    const run = await waitingRun('api-crowd');
    const refused: unknown[] = [];
    // No command ends while this test holds the database.
    const held = new PinnedConnection(project.database);
    held.exec('BEGIN IMMEDIATE');
    const answers = Array.from({ length: 20 }, async () => {
      const answer = await post(`/runs/${run.id}/pause`, {});
      if (answer.status === 503) refused.push(answer.document);
    });
    await expect.poll(() => refused.length, { timeout: 20_000 }).toBe(12);
    held.close();
    await Promise.all(answers);
    expect(refused).toEqual(Array(12).fill({ error: expect.objectContaining({ code: 'E_LIMIT' }) }));
    expect((await project.sharedWf(['cancel', run.id])).exitCode).toBe(0);
  });
});
