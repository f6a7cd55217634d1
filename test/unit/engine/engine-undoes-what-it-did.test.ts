import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import type { JournalEvent } from '../../../src/engine/model/journal-event.ts';
import { defineStep, runnerOf } from '../../../src/engine/workflow/define-step.ts';
import { type FolderHost, loaded, openFolderHost } from '../../support/folder-host.ts';

let host: FolderHost;
beforeEach(() => {
  host = openFolderHost();
});
afterEach(() => host.close());

type Failure = 'before' | 'after' | 'undo' | 'no';

/** Makes the files a, b and c, one after the other. */
function threeFiles(fail: { readonly [name: string]: Failure } = {}, keepsChanges = false) {
  const { makeFile } = host;
  const file = (name: string, next: string) => ({
    invoke: {
      id: `make-${name}`,
      src: 'makeFile' as const,
      input: { name, fail: fail[name] ?? ('no' as const) },
      onDone: next,
    },
  });
  const machine = setup({ actors: { makeFile } }).createMachine({
    initial: 'first',
    states: { first: file('a', 'second'), second: file('b', 'third'), third: file('c', 'end'), end: { type: 'final' } },
  });
  return loaded({ name: 'files', version: '1', description: '', input: z.object({}), machine, keepsChanges });
}

const statuses = (run: Parameters<FolderHost['history']['changes']>[0]) =>
  host.history.changes(run).map((change) => change.status);

describe('changes', () => {
  test('are intended in the journal before the host has them', async () => {
    const seen: string[] = [];
    const handle = await host.start(
      threeFiles(),
      {},
      {},
      {
        committed: ({ event }: { event: JournalEvent }) => {
          if (event.type === 'change.intended') seen.push(`${event.change.target}: ${host.files().join(' ')}`);
        },
      },
    );
    await handle.result;
    expect(seen).toEqual(['file a: ', 'file b: a', 'file c: a b']);
  });

  test('that still stand at the end make the run need attention, and name what undoes them', async () => {
    const handle = await host.start(threeFiles());
    expect(await handle.result).toMatchObject({
      end: {
        status: 'needs-attention',
        error: { code: 'E_RESIDUE', hint: expect.stringContaining('rm c && rm b && rm a') },
      },
    });
    expect(host.history.verification(handle.id)).toMatchObject({ restored: false });
  });

  test('that the workflow means to leave are kept, and the run succeeds', async () => {
    const handle = await host.start(threeFiles({}, true));
    expect(await handle.result).toMatchObject({ end: { status: 'succeeded' } });
    expect(statuses(handle.id)).toEqual(['kept', 'kept', 'kept']);
    expect(host.files()).toEqual(['a', 'b', 'c']);
  });

  test('of a failed run are undone, newest first, and the host is verified', async () => {
    const order: string[] = [];
    const handle = await host.start(
      threeFiles({ c: 'after' }),
      {},
      {},
      {
        committed: ({ event }: { event: JournalEvent }) => {
          if (event.type === 'change.settled') order.push(`${event.seq} ${event.status}`);
        },
      },
    );
    expect(await handle.result).toMatchObject({ end: { status: 'rolled-back', error: { code: 'E_STEP_FAILED' } } });
    expect(order).toEqual(['3 reverted', '2 reverted', '1 reverted']);
    expect(host.files()).toEqual([]);
    expect(host.history.verification(handle.id)).toMatchObject({ restored: true, residues: [], drift: [] });
    expect(host.history.evidence(handle.id).map((row) => row.command)).toEqual(
      expect.arrayContaining(['rm a', 'rm b']),
    );
  });

  test('of a failed run stay where the user asked to keep them', async () => {
    const handle = await host.start(threeFiles({ c: 'before' }), {}, { onFailure: 'keep' });
    expect(await handle.result).toMatchObject({ end: { status: 'failed' } });
    expect(host.files()).toEqual(['a', 'b']);
    expect(statuses(handle.id)).toEqual(['applied', 'applied', 'gone']);
  });

  test('that cannot be undone are stuck; the others are undone all the same', async () => {
    const handle = await host.start(threeFiles({ b: 'undo', c: 'before' }));
    expect(await handle.result).toMatchObject({
      end: { status: 'needs-attention', error: { code: 'E_RESIDUE', hint: expect.stringContaining('rm b') } },
    });
    expect(statuses(handle.id)).toEqual(['reverted', 'stuck', 'gone']);
    expect(host.files()).toEqual(['b']);
  });

  test('are not made where somebody else’s object is in the way, which stays as it was', async () => {
    writeFileSync(path.join(host.folder, 'b'), 'mine');
    const handle = await host.start(threeFiles());
    expect(await handle.result).toMatchObject({ end: { status: 'rolled-back', error: { code: 'E_NAME_IN_USE' } } });
    expect(host.files()).toEqual(['b']);
    expect(statuses(handle.id)).toEqual(['reverted']);
  });

  test('of somebody else meanwhile are drift, not a residue', async () => {
    const handle = await host.start(
      threeFiles({ c: 'before' }),
      {},
      {},
      {
        committed: ({ event }: { event: JournalEvent }) => {
          if (event.type === 'rolling-back') writeFileSync(path.join(host.folder, 'other'), 'not ours');
        },
      },
    );
    expect(await handle.result).toMatchObject({ end: { status: 'rolled-back' } });
    expect(host.history.verification(handle.id)).toMatchObject({
      restored: true,
      residues: [],
      drift: [{ subject: 'file other', difference: 'added', owner: 'other' }],
    });
  });

  test('that are undone on a host which cannot be read afterwards are not called undone, until it was looked at', async () => {
    const unreadable = path.join(host.folder, 'unreadable');
    const handle = await host.start(
      threeFiles({ c: 'before' }),
      {},
      {},
      {
        committed: ({ event }: { event: JournalEvent }) => {
          // A fingerprint of the folder reads files: on a folder in it, it fails.
          if (event.type === 'rolling-back') mkdirSync(unreadable);
        },
      },
    );
    expect(await handle.result).toMatchObject({
      end: {
        status: 'needs-attention',
        // What it came to grief by is not lost, and what to do is something that can be done.
        error: {
          message: expect.stringMatching(/^failed before; then the host could not be verified: .*EISDIR/),
          hint: expect.stringContaining(`\`wf rollback ${handle.id}\``),
        },
      },
    });

    rmdirSync(unreadable);
    const runner = (kind: string) => (kind === 'test.file' ? runnerOf(host.makeFile) : undefined);
    const again = await host.engine.rollBack({ run: handle.id, runner, removeKept: false });
    expect(await again?.result).toMatchObject({ end: { status: 'rolled-back', error: { message: 'failed before' } } });
    expect(host.history.verification(handle.id)).toMatchObject({ restored: true });
  });

  test('a workflow whose steps only look is not verified: there is nothing to compare', async () => {
    const look = defineStep({
      kind: 'test.look',
      description: 'looks',
      input: z.object({}),
      output: z.null(),
      commands: () => [],
      rehearse: () => null,
      read: async () => null,
    });
    const machine = setup({ actors: { look } }).createMachine({
      initial: 'one',
      states: { one: { invoke: { id: 'look', src: 'look', input: {}, onDone: 'end' } }, end: { type: 'final' } },
    });
    const handle = await host.start(
      loaded({ name: 'look', version: '1', description: '', input: z.object({}), machine }),
    );
    expect(await handle.result).toMatchObject({ end: { status: 'succeeded' } });
    expect(host.history.verification(handle.id)).toBeUndefined();
  });
});
