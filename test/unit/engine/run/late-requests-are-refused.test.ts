import { afterEach, beforeEach, expect, test } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import type { RunId } from '../../../../src/engine/model/ids.ts';
import type { Demand, RequestOutcome } from '../../../../src/engine/model/request.ts';
import type { FingerprintPort } from '../../../../src/engine/ports/fingerprint.ts';
import type { RunHandle, RunObserver } from '../../../../src/engine/run/engine.ts';
import { runnerOf } from '../../../../src/engine/workflow/define-step.ts';
import type { History } from '../../../../src/history/history.ts';
import { openHistory } from '../../../../src/history/open.ts';
import { type FolderHost, loaded, openFolderHost } from '../../../support/in-process/folder-host.ts';

const by = { user: 'ann', sudoUser: null, host: 'here' };
const CANCEL: Demand = { kind: 'cancel', keep: false };

let host: FolderHost;
/** The history as another process writes it. */
let elsewhere: History;
beforeEach(() => {
  host = openFolderHost(undefined, () => false);
  elsewhere = openHistory(host.database);
});
afterEach(() => {
  elsewhere.close();
  host.close();
});

function makingTwoFiles() {
  const machine = setup({ actors: { makeFile: host.makeFile } }).createMachine({
    initial: 'first',
    states: {
      first: { invoke: { id: 'a', src: 'makeFile', input: { name: 'a' }, onDone: 'second' } },
      second: { invoke: { id: 'b', src: 'makeFile', input: { name: 'b' }, onDone: 'end' } },
      end: { type: 'final' },
    },
  });
  return loaded({ name: 'files', version: '1', description: '', input: z.object({}), machine, keepsChanges: true });
}

const request = (run: RunId, demand: Demand) => elsewhere.request(run, { by, demand, comment: null }, 1);

function answerTo(run: RunId, number: number): RequestOutcome | undefined {
  const answers = host.history.journal(run).flatMap(({ event }) => (event.type === 'answered' ? [event] : []));
  return answers.find((answer) => answer.request === number)?.outcome;
}

const refusal = (why: string) => ({
  type: 'refused',
  error: { code: 'E_REQUEST_REFUSED', message: expect.stringContaining(why) },
});

test('requests that come while a successful run is verified are refused at once, and change nothing', async () => {
  const requests: (readonly [number, ReturnType<typeof refusal>])[] = [];
  const askedDuring: FingerprintPort = {
    ...host.fingerprints,
    async takeLike(...given) {
      const [run] = host.history.runs({ limit: 1 });
      if (run === undefined || requests.length > 0) return host.fingerprints.takeLike(...given);
      const stamp = { bootId: '', sinceBootMs: 0, session: null };
      requests.push(
        [request(run.id, CANCEL), refusal('cannot be cancelled: its machine has ended')],
        [request(run.id, { kind: 'pause' }), refusal('cannot be paused: its machine has ended')],
        [
          request(run.id, { kind: 'confirm', extendMs: null, stamp }),
          refusal('cannot be confirmed: its host is being verified; try again'),
        ],
      );
      // The answers do not wait for the verification.
      for (const [number, answer] of requests) await expect.poll(() => answerTo(run.id, number)).toMatchObject(answer);
      return host.fingerprints.takeLike(...given);
    },
  };
  const engine = host.engineOf({ runtimes: host.runtimesWith(askedDuring) });
  const { result } = await host.startOn(engine, makingTwoFiles());
  expect(await result).toMatchObject({ end: { status: 'succeeded' } });
  expect(requests).toHaveLength(3);
  expect(host.files()).toEqual(['a', 'b']);
});

test('a cancellation of a run whose rollback was interrupted is refused, and its error stays', async () => {
  const handle: RunHandle = await host.start(
    makingTwoFiles(),
    {},
    {},
    {
      committed({ event }) {
        if (event.type === 'change.applied' && event.seq === 2) handle.interrupt('SIGINT');
      },
    },
  );
  const { id } = handle;
  await handle.result;
  const rollBack = (observer?: RunObserver) =>
    host.engine.rollBack(
      {
        run: id,
        runner: (kind) => (kind === 'test.file' ? runnerOf(host.makeFile) : undefined),
        removeKept: false,
      },
      observer,
    );
  const rollingBack = await rollBack({
    committed({ event }) {
      if (event.type === 'change.reverting') rollingBack?.interrupt('SIGTERM');
    },
  });
  expect(await rollingBack?.result).toEqual({ type: 'interrupted', signal: 'SIGTERM' });
  expect(host.files()).toEqual(['a']);
  const number = request(id, CANCEL);
  const continued = await rollBack();
  expect(await continued?.result).toMatchObject({ end: { status: 'rolled-back', error: { code: 'E_INTERRUPTED' } } });
  expect(answerTo(id, number)).toMatchObject(refusal('cannot be cancelled: it is rolled back'));
});
