import { afterEach, beforeEach, expect, test } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { describeDefinition } from '../../../../src/definition/describe.ts';
import type { Owner } from '../../../../src/engine/model/identity/owner.ts';
import type { JournalEntry } from '../../../../src/engine/model/journal-event.ts';
import type { EngineDependencies, FollowedRun } from '../../../../src/engine/run/engine.ts';
import { runnerOf } from '../../../../src/engine/workflow/define-step.ts';
import type { LoadedWorkflow } from '../../../../src/engine/workflow/workflow.ts';
import { ownProcess } from '../../../../src/host/processes/process.ts';
import { type FolderHost, loaded, openFolderHost } from '../../../support/in-process/folder-host.ts';

let host: FolderHost;
/** Whether the owner of a lease counts as alive. */
let alive = true;
beforeEach(() => {
  alive = true;
  host = openFolderHost(undefined, () => alive);
});
afterEach(() => host.close());

interface Followed extends FollowedRun {
  /** The entries that its follower received, then its release. */
  readonly received: (JournalEntry | 'released')[];
}

function recorder() {
  const followed: Followed[] = [];
  const followRun: EngineDependencies['followRun'] = (run) => {
    const received: Followed['received'] = [];
    followed.push({ ...run, received });
    return { committed: (entry) => void received.push(entry), released: () => void received.push('released') };
  };
  return { followed, followRun };
}

/** Creates a file, waits for `go`, then creates another one, or fails if `go` requests that. */
function workflow(): LoadedWorkflow {
  const machine = setup({
    types: { events: {} as { type: 'go'; fail: 'before' | 'no' } },
    actors: { makeFile: host.makeFile },
  }).createMachine({
    initial: 'first',
    states: {
      first: { invoke: { id: 'a', src: 'makeFile', input: { name: 'a' }, onDone: 'gate' } },
      gate: { on: { go: 'second' } },
      second: {
        invoke: {
          id: 'b',
          src: 'makeFile',
          input: ({ event }) => ({ name: 'b', fail: event.fail }),
          onDone: 'end',
        },
      },
      end: { type: 'final' },
    },
  });
  return loaded({ name: 'gated', version: '1', description: '', input: z.object({}), machine, keepsChanges: true });
}

function requests(loadedWorkflow = workflow()) {
  const definition = describeDefinition(loadedWorkflow, loadedWorkflow.model);
  const options = { onFailure: 'keep', pauseAfter: null } as const;
  return {
    start: { workflow: loadedWorkflow, definition, input: {}, runtime: 'docker', options } as const,
    resume: { workflow: loadedWorkflow, definition, acceptChanges: false, pauseAfter: null },
  };
}

test('every call follows its run from its lease to its release', async () => {
  const { followed, followRun } = recorder();
  const engine = host.engineOf({ followRun });
  const { start, resume } = requests();
  const first = await engine.start(start);
  const run = first.id;
  expect(await first.result).toEqual({ type: 'waiting' });

  const second = await engine.resume({ ...resume, run });
  await second.send({ type: 'go', fail: 'before' });
  expect(await second.result).toMatchObject({ type: 'ended', end: { status: 'failed' } });

  const runner = () => runnerOf(host.makeFile);
  const third = await engine.rollBack({ run, runner, removeKept: false });
  expect(await third?.result).toMatchObject({ type: 'ended', end: { status: 'rolled-back' } });

  expect(followed).toMatchObject([{ run }, { run }, { run }]);
  const journal = host.history.journal(run);
  let before = 0;
  for (const { entries, received, lostBy } of followed) {
    expect(lostBy).toBeNull();
    expect(entries).toEqual(journal.slice(0, before));
    expect(received.at(-1)).toBe('released');
    before += received.length - 1;
  }
  expect(followed.flatMap(({ received }) => received.filter((each) => each !== 'released'))).toEqual(journal);
});

/** Requests for a run that hibernates for an hour. */
function hibernating() {
  const machine = setup({}).createMachine({
    initial: 'wait',
    states: { wait: { after: { 3600000: 'end' } }, end: { type: 'final' } },
  });
  const { start, resume } = requests(
    loaded({ name: 'timed', version: '1', description: '', input: z.object({}), machine }),
  );
  return { start: { ...start, mayHibernate: true }, resume: { ...resume, mayHibernate: true } };
}

test('a process that takes over a run receives the owner that died with it; one that resumes its own run receives none', async () => {
  const { followed, followRun } = recorder();
  const dead: Owner = { ...ownProcess(), pid: 4711, startTime: '1' };
  const { start, resume } = hibernating();
  const first = await host.engineOf({ followRun, owner: dead }).start(start);
  // It dies with the lease.
  expect(await first.result).toMatchObject({ type: 'hibernating' });
  alive = false;
  const run = first.id;
  const engine = host.engineOf({ followRun });
  const result = await (await engine.resume({ ...resume, run })).result;
  if (result.type !== 'hibernating') throw new Error(result.type);
  const third = await engine.resume({ ...resume, run, hibernating: result.lease });
  await third.result;
  expect(followed.map(({ lostBy }) => lostBy?.pid)).toEqual([undefined, 4711, undefined]);
  expect(followed.map(({ received }) => received.at(-1))).toEqual(['released', 'released', 'released']);
});

test.each([
  ['followRun', () => ({ followRun: fails })],
  ['committed', () => ({ followRun: () => ({ committed: fails, released: () => {} }) })],
  ['released', () => ({ followRun: () => ({ committed: () => {}, released: fails }) })],
])('an error of %s changes no run, and is reported', async (_name, parts) => {
  const warnings: unknown[] = [];
  const engine = host.engineOf({ ...parts(), warn: (error) => void warnings.push(error) });
  const run = await engine.start(requests().start);
  expect(await run.result).toEqual({ type: 'waiting' });
  expect(warnings[0]).toMatchObject({ message: 'broken' });
});

function fails(): never {
  throw new Error('broken');
}
