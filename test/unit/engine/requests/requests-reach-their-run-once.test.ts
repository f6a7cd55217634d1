import { setTimeout as elapse } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRequestInbox } from '../../../../src/engine/requests/request-inbox.ts';
import type { History } from '../../../../src/history/history.ts';
import { openHistory } from '../../../../src/history/open.ts';
import { systemClock } from '../../../../src/host/machine/clock.ts';
import { createRun, type FolderHost, openFolderHost } from '../../../support/in-process/folder-host.ts';

/** Longer than the time between two checks. */
const SEVERAL_CHECKS_MS = 350;

let host: FolderHost;
/** The history as another process writes it. */
let elsewhere: History;
/** The numbers of the requests that reached the run. */
let reached: number[];
beforeEach(() => {
  host = openFolderHost();
  elsewhere = openHistory(host.database);
  reached = [];
});
afterEach(() => {
  elsewhere.close();
  host.close();
});

const by = { user: 'ann', sudoUser: null, host: 'here' };
const pauseRun = (run: ReturnType<typeof createRun>['run']) =>
  elsewhere.request(run, { by, demand: { kind: 'pause' }, comment: null }, 1);

test('a run gets each request once, although the request stays open and others follow it', async () => {
  const { run } = createRun(host.history, 'asked');
  const early = pauseRun(run);
  const inbox = createRequestInbox({ history: host.history, clock: systemClock });
  const unwatch = inbox.watch(run, ({ number }) => reached.push(number));
  expect(reached).toEqual([early]);
  const late = pauseRun(run);
  await expect.poll(() => reached).toEqual([early, late]);
  inbox.check();
  pauseRun(createRun(elsewhere, 'another').run);
  await elapse(SEVERAL_CHECKS_MS);
  expect(reached).toEqual([early, late]);
  unwatch();
  pauseRun(run);
  await elapse(SEVERAL_CHECKS_MS);
  expect(reached).toEqual([early, late]);
});

test('a run that is watched anew keeps its watch when the earlier one ends', async () => {
  const { run } = createRun(host.history, 'resumed');
  const inbox = createRequestInbox({ history: host.history, clock: systemClock });
  const earlier = inbox.watch(run, () => {});
  const unwatch = inbox.watch(run, ({ number }) => reached.push(number));
  earlier();
  const number = pauseRun(run);
  await expect.poll(() => reached).toEqual([number]);
  unwatch();
});

test('a request reaches its run after the history could not be read', async () => {
  const { run } = createRun(host.history, 'unread');
  let isReadable = false;
  const history = {
    journal: host.history.journal,
    dataVersion: host.history.dataVersion,
    openRequests() {
      if (!isReadable) throw new Error('the disk does not answer');
      return host.history.openRequests();
    },
  };
  const inbox = createRequestInbox({ history, clock: systemClock });
  const unwatch = inbox.watch(run, ({ number }) => reached.push(number));
  const number = pauseRun(run);
  await elapse(SEVERAL_CHECKS_MS);
  isReadable = true;
  await expect.poll(() => reached).toEqual([number]);
  unwatch();
});
