import { describe, expect, test, vi } from 'vitest';
import type { FleetTransport } from '../../../src/fleet/fleet-transport.ts';
import { type FleetRequest, fleetStatus } from '../../../src/fleet/model/fleet-run.ts';
import {
  type FleetId,
  fleetIdSchema,
  type HostName,
  hostNameSchema,
  type ItemId,
  sessionIdSchema,
} from '../../../src/fleet/model/ids.ts';
import { type Answer, answerSchema, type Item } from '../../../src/fleet/model/item.ts';
import type { SessionRequest } from '../../../src/fleet/model/mailbox.ts';
import { fleetRequest } from './fleet-request.ts';

const DONE = answerSchema.parse({
  type: 'ended',
  status: 'succeeded',
  definitionHash: 'a'.repeat(64),
  restored: null,
  changesInPlace: 1,
  startedAt: null,
  finishedAt: null,
  error: null,
});
const UNDONE: Answer = answerSchema.parse({ ...DONE, status: 'rolled-back', changesInPlace: 0, restored: true });
const TOMBSTONED: Answer = { type: 'tombstoned' };
/** On a busy machine, news take seconds. */
const PATIENCE = { timeout: 20_000, interval: 20 };
const NEVER = new AbortController().signal;

interface Subject {
  transport(): FleetTransport;
  /** Kills the engine, and starts it again on what it has on disk. */
  restart(): Promise<void>;
}

/** The promises of every implementation of `FleetTransport`. */
export function fleetTransportContract(name: string, subject: Subject): void {
  let count = 0;
  const fleet = (): FleetId => {
    count += 1;
    return fleetIdSchema.parse(`fl${count}`);
  };

  /** An agent of a new host, as a test plays it. */
  async function agent(host: HostName = hostNameSchema.parse(`${fleet()}-host`), given: Partial<SessionRequest> = {}) {
    const session = sessionIdSchema.parse(`session-${fleet()}`);
    const request = {
      session,
      agent: `agent-${host}`,
      boot: 'boot-1',
      labels: { role: 'web' },
      version: '1',
      ...given,
    };
    await subject.transport().open(host, request, NEVER);
    const next = (current: ItemId | null = null) =>
      subject.transport().next(host, { session, current, progress: null }, NEVER);
    const item = async (current: ItemId | null = null): Promise<Item> => {
      const found = await next(current);
      if (found === null || found === 'unchanged') throw new Error(`no item, but ${found}`);
      return found;
    };
    const answer = (to: Item, answer: Answer) =>
      subject.transport().answer(host, { session, item: to.id, answer }, NEVER);
    const confirm = (item: Item) => subject.transport().confirm(host, { session, item: item.id }, NEVER);
    return { host, next, item, confirm, answer };
  }
  const start = (hosts: readonly { readonly host: HostName }[], given: Partial<FleetRequest> = {}) =>
    subject.transport().start(fleetRequest(1, { id: fleet(), hosts: hosts.map(({ host }) => host), ...given }));
  const untilStatus = (id: FleetId, status: string) =>
    vi.waitFor(async () => expect(fleetStatus(await subject.transport().show(id))).toBe(status), PATIENCE);

  describe(name, () => {
    test('wakes an agent that waits, and the next wave begins when all have answered', async () => {
      const [canary, other] = [await agent(), await agent()];
      const waiting = [canary.item(), other.item()] as const;
      const { request } = await start([canary, other], { canary: 1 });
      const first = await waiting[0];
      expect(first).toMatchObject({ action: 'run', fleet: request.id, part: `${request.id}-${canary.host}` });
      await canary.answer(first, DONE);
      await other.answer(await waiting[1], DONE);
      await untilStatus(request.id, 'succeeded');
      const listed = expect.objectContaining({ id: request.id, status: 'succeeded', hosts: 2 });
      await vi.waitFor(async () => expect(await subject.transport().fleets()).toContainEqual(listed), PATIENCE);
    });

    test('gives an item again until it is answered, and takes its answer once', async () => {
      const host = await agent();
      const { request } = await start([host]);
      const item = await host.item();
      expect(await host.item()).toEqual(item);
      await host.answer(item, DONE);
      await host.answer(item, UNDONE);
      await untilStatus(request.id, 'succeeded');
      expect((await subject.transport().show(request.id)).parts).toMatchObject([{ answer: { status: 'succeeded' } }]);
    });

    test('gives a host the items of two fleet runs in order, and a rollback in the place of its run', async () => {
      const host = await agent();
      const [first, second] = [await start([host]), await start([host])];
      const run = await host.item();
      await subject.transport().demand(first.request.id, { kind: 'cancel', by: 'ann', comment: 'wrong' });
      const back = await host.item(run.id);
      expect(back).toMatchObject({ action: 'roll-back', fleet: first.request.id, reason: 'cancelled by ann: wrong' });
      await host.answer(run, DONE);
      await host.answer(back, TOMBSTONED);
      await untilStatus(first.request.id, 'rolled-back');
      expect(await host.item(back.id)).toMatchObject({ action: 'run', fleet: second.request.id });
    });

    test('confirms a part until a rollback has taken its place', async () => {
      const host = await agent();
      const { request } = await start([host]);
      const run = await host.item();
      expect([await host.confirm(run), await host.confirm(run)]).toEqual([true, true]);
      await subject.transport().demand(request.id, { kind: 'cancel', by: 'ann', comment: null });
      const back = await host.item(run.id);
      expect([await host.confirm(run), await host.confirm(back)]).toEqual([false, false]);
      await host.answer(back, TOMBSTONED);
      await untilStatus(request.id, 'rolled-back');
    });

    test('gives a host its own sealed secrets with the run and its rollback, and again with a retry', async () => {
      const [one, two] = [await agent(), await agent()];
      const secrets = { [one.host]: { token: 'b25l' }, [two.host]: { token: 'dHdv' } };
      const hosts = [one.host, two.host];
      const request = fleetRequest(1, { id: fleet(), hosts, secrets: ['token'] });
      await subject.transport().start(request, secrets);
      const [first, second] = [await one.item(), await two.item()];
      expect([first.sealed, second.sealed]).toEqual([{ token: 'b25l' }, { token: 'dHdv' }]);
      await subject.transport().demand(request.id, { kind: 'cancel', by: 'ann', comment: null });
      const [back, other] = [await one.item(first.id), await two.item(second.id)];
      expect([back.action, back.sealed]).toEqual(['roll-back', { token: 'b25l' }]);
      await one.answer(back, TOMBSTONED);
      await two.answer(other, TOMBSTONED);
      await untilStatus(request.id, 'rolled-back');
      const retried = fleetRequest(1, { id: fleet(), hosts, secrets: ['token'], retryOf: request.id });
      await subject.transport().start(retried);
      expect([(await one.item()).sealed, (await two.item()).sealed]).toEqual([first.sealed, second.sealed]);
    });

    test('keeps everything when the engine is killed', async () => {
      const [one, two] = [await agent(), await agent()];
      const { request } = await start([one, two]);
      const item = await one.item();
      await one.answer(item, DONE);
      await subject.restart();
      await vi.waitFor(async () => expect(await two.item()).toMatchObject({ fleet: request.id }), PATIENCE);
      const { parts } = await subject.transport().show(request.id);
      expect(parts.map(({ status }) => status)).toEqual(['succeeded', 'offered']);
      await two.answer(await two.item(), UNDONE);
      const undo = await one.item();
      expect(undo.action).toBe('roll-back');
      await one.answer(undo, UNDONE);
      await untilStatus(request.id, 'rolled-back');
    });

    test('has one session for a mailbox', async () => {
      const host = await agent();
      await expect(agent(host.host, { boot: 'boot-2' })).rejects.toMatchObject({ code: 'E_MAILBOX_HELD' });
      const restarted = await agent(host.host);
      await expect(host.next()).rejects.toMatchObject({ code: 'E_MAILBOX_HELD' });
      const { request } = await start([host]);
      const item = await restarted.item();
      await expect(host.answer(item, DONE)).rejects.toMatchObject({ code: 'E_MAILBOX_HELD' });
      await restarted.answer(item, DONE);
      await untilStatus(request.id, 'succeeded');
    });

    test('ends a fleet run over a silent host once that is written off, and undoes its part when the host returns', async () => {
      const [one, gone] = [await agent(), await agent()];
      const { request } = await start([one, gone]);
      await one.answer(await one.item(), DONE);
      const fleets = await subject.transport().writeOff(gone.host, { by: 'ann', reason: 'burnt' });
      expect(fleets).toEqual([request.id]);
      const undo = await vi.waitFor(() => one.item(), PATIENCE);
      await one.answer(undo, UNDONE);
      await untilStatus(request.id, 'needs-attention');
      const hosts = await subject.transport().hosts();
      expect(hosts.find(({ host }) => host === gone.host)).toMatchObject({ writtenOff: { by: 'ann' }, items: 1 });
      // Another fleet run does not wait for it.
      const next = await start([gone], { maxFailures: 1 });
      await untilStatus(next.request.id, 'needs-attention');
      const back = await agent(gone.host);
      const item = await back.item();
      expect(item).toMatchObject({ action: 'roll-back', reason: `host ${gone.host} was written off: burnt` });
      await back.answer(item, TOMBSTONED);
      await untilStatus(request.id, 'rolled-back');
    });

    test('follows a fleet run from one change to the next', async () => {
      const host = await agent();
      const begun = await start([host]);
      const { follow } = subject.transport();
      const news = follow(begun.id, begun.version);
      await host.answer(await host.item(), DONE);
      const head = await news;
      expect([fleetStatus(head), head.counts.succeeded, head.version]).toEqual(['succeeded', 1, begun.version + 1]);
      const stop = new AbortController();
      const waiting = follow(begun.id, head.version, stop.signal);
      stop.abort(new Error('stopped'));
      await expect(waiting).rejects.toThrow('stopped');
      await expect(follow(fleetIdSchema.parse('nosuch'), 0)).rejects.toMatchObject({ code: 'E_FLEET_NOT_FOUND' });
    });

    test('starts a request once, and refuses what cannot be', async () => {
      const host = await agent();
      const { request } = await start([host]);
      const again = await subject.transport().start(request);
      expect([again.version, await host.item()]).toEqual([1, await host.item()]);
      const { start: startAgain, show, demand, writeOff } = subject.transport();
      const refused = [
        [() => startAgain({ ...request, by: 'bob' }), 'E_FLEET_EXISTS'],
        [() => show(fleetIdSchema.parse('nosuch')), 'E_FLEET_NOT_FOUND'],
        [() => demand(request.id, { kind: 'approve', by: 'ann', comment: null }), 'E_REQUEST_REFUSED'],
        [() => writeOff(hostNameSchema.parse('nosuch'), { by: 'ann', reason: 'x' }), 'E_HOST_NOT_FOUND'],
      ] as const;
      for (const [call, code] of refused) await expect(call()).rejects.toMatchObject({ code });
    });
  });
}
