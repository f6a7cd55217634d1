import { setTimeout as elapse } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { WfError } from '../../../../src/engine/model/errors.ts';
import type { RunId } from '../../../../src/engine/model/ids.ts';
import type { RunOptions } from '../../../../src/engine/model/journal-event.ts';
import { defineStep } from '../../../../src/engine/workflow/define-step.ts';
import { type FolderHost, loaded, openFolderHost } from '../../../support/in-process/folder-host.ts';

const RETRY_MS = 300;

let host: FolderHost;
/** The calls of the steps in order, and their ends by a stop. */
let calls: string[];
/** Ends the waiting step of each id. */
let releases: Map<string, () => void>;
beforeEach(() => {
  calls = [];
  releases = new Map();
  host = openFolderHost();
});
afterEach(() => host.close());

const waits = defineStep({
  kind: 'test.waits',
  description: 'ends when the test releases it',
  input: z.object({}),
  output: z.object({}),
  commands: () => [],
  rehearse: () => ({}),
  async read(_input, { signal, step }) {
    calls.push(`${step} begins`);
    await new Promise<void>((resolve, reject) => {
      releases.set(step, resolve);
      signal.addEventListener('abort', () => {
        calls.push(`${step} is stopped`);
        reject(signal.reason);
      });
    });
    return {};
  },
});
const fails = defineStep({
  kind: 'test.fails',
  description: 'fails, and is retried',
  input: z.object({}),
  output: z.object({}),
  retry: { attempts: 3, initialMs: RETRY_MS, factor: 1, maxMs: RETRY_MS },
  commands: () => [],
  rehearse: () => ({}),
  async read(_input, { attempt }): Promise<Record<string, never>> {
    calls.push(`fails ${attempt}`);
    throw new WfError('E_DOCKER', 'no answer', { hint: 'none', transient: true });
  },
});

/** @param guard of the transition that `released` causes, which ends the machine */
function besideEachOther(guard: () => boolean) {
  const machine = setup({ actors: { waits, fails }, guards: { guard } }).createMachine({
    initial: 'together',
    states: {
      together: {
        type: 'parallel',
        states: {
          one: { invoke: { id: 'released', src: 'waits', input: {}, onDone: { target: '#end', guard: 'guard' } } },
          two: { invoke: { id: 'hangs', src: 'waits', input: {} } },
          three: { invoke: { id: 'fails', src: 'fails', input: {} } },
        },
      },
      end: { id: 'end', type: 'final' },
    },
  });
  return loaded({ name: 'beside', version: '1', description: '', input: z.object({}), machine });
}

const journaled = (run: RunId, type: string) =>
  host.history.journal(run).flatMap(({ event }) => (event.type === type && 'step' in event ? [event.step] : []));

/** Starts a run, and waits until all of its steps have begun and one of them waits for its next attempt. */
async function begin(guard: () => boolean, options: Partial<RunOptions> = {}) {
  const handle = await host.start(besideEachOther(guard), {}, options);
  await expect.poll(() => [...calls].sort()).toEqual(['fails 1', 'hangs begins', 'released begins']);
  await expect.poll(() => journaled(handle.id, 'step.retrying')).toEqual(['fails']);
  return handle;
}

test('a machine that throws ends its run: the running steps are stopped, and none is retried', async () => {
  const { id, result } = await begin(() => {
    throw new Error('the guard is broken');
  });
  releases.get('released')?.();
  expect(await result).toMatchObject({ end: { status: 'failed', error: { code: 'E_WORKFLOW_INVALID' } } });
  expect(calls).toContain('hangs is stopped');
  expect(journaled(id, 'step.stopped').toSorted()).toEqual(['fails', 'hangs']);
  await elapse(RETRY_MS);
  expect(calls).not.toContain('fails 2');
});

test('an interrupted run retries no step while it waits for those that are running', async () => {
  const { id, result, interrupt } = await begin(() => false);
  interrupt('SIGTERM');
  await elapse(2 * RETRY_MS);
  for (const release of releases.values()) release();
  expect(await result).toEqual({ type: 'interrupted', signal: 'SIGTERM' });
  expect(calls).not.toContain('fails 2');
  expect(journaled(id, 'step.attempted')).toEqual([]);
});

test('a machine that ends as it leaves the stage after which the run was to pause ends, and stops its other steps', async () => {
  const { id, result } = await begin(() => true, { pauseAfter: 'together' });
  releases.get('released')?.();
  expect(await result).toMatchObject({ end: { status: 'succeeded' } });
  expect(calls).toContain('hangs is stopped');
  expect(journaled(id, 'step.stopped').toSorted()).toEqual(['fails', 'hangs']);
});
