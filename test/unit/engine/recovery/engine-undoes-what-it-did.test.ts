import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { WfError } from '../../../../src/engine/model/errors.ts';
import type { JournalEvent } from '../../../../src/engine/model/journal-event.ts';
import { defineStep, runnerOf } from '../../../../src/engine/workflow/define-step.ts';
import { revertSteps } from '../../../../src/steps/host/revert-steps.ts';
import { type FolderHost, loaded, openFolderHost } from '../../../support/in-process/folder-host.ts';

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

describe('the changes of a run', () => {
  test('are journaled as intended before they are applied', async () => {
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

  test('need attention if they are in place at the end, and the hint names their undo commands', async () => {
    const handle = await host.start(threeFiles());
    expect(await handle.result).toMatchObject({
      end: {
        status: 'needs-attention',
        error: { code: 'E_RESIDUE', hint: expect.stringContaining('rm c && rm b && rm a') },
      },
    });
    expect(host.history.verification(handle.id)).toMatchObject({ restored: false });
  });

  test('are kept if the workflow keeps its changes, and the run succeeds', async () => {
    const handle = await host.start(threeFiles({}, true));
    expect(await handle.result).toMatchObject({ end: { status: 'succeeded' } });
    expect(statuses(handle.id)).toEqual(['kept', 'kept', 'kept']);
    expect(host.files()).toEqual(['a', 'b', 'c']);
  });

  test.each([
    ['a rollback', 'rolled-back'],
    ['a step', 'succeeded'],
  ] as const)(
    'whose state was unknown are gone with the older change that contained them, undone by %s',
    async (by, status) => {
      const { makeFile } = host;
      const isThere = () => host.files().includes('a');
      const inside = defineStep({
        kind: 'test.inside',
        description: 'changes something in the file a, which cannot be read',
        input: z.object({}),
        output: z.null(),
        record: z.object({ file: z.string() }),
        survivesReboot: true,
        commands: () => [],
        rehearse: () => null,
        async observe(_input, _context, earlier) {
          if (earlier === undefined) return { found: 'absent', target: 'in a', record: { file: 'a' } };
          return { found: 'ours', target: 'in a', record: earlier, output: null };
        },
        apply: async (_input, record) => record,
        async inspect() {
          if (isThere()) throw new WfError('E_HOST_STATE_UNKNOWN', 'a cannot be read', { hint: 'none' });
          return { found: 'gone', reason: 'a is gone, with all in it' };
        },
        async undo() {
          throw new Error('never undone');
        },
        undoCommands: () => [],
      });
      const steps = ['first', 'second'];
      const machine = setup({ actors: { makeFile, inside, revertSteps } }).createMachine({
        initial: 'first',
        states: {
          first: { invoke: { id: 'first', src: 'makeFile', input: { name: 'a' }, onDone: 'second' } },
          second: { invoke: { id: 'second', src: 'inside', input: {}, onDone: by === 'a step' ? 'reverts' : 'fails' } },
          fails: { invoke: { id: 'third', src: 'makeFile', input: { name: 'b', fail: 'before' } } },
          reverts: { invoke: { id: 'fourth', src: 'revertSteps', input: { steps }, onDone: 'end' } },
          end: { type: 'final' },
        },
      });
      const definition = { name: 'inside', version: '1', description: '', input: z.object({}), machine };
      const handle = await host.start(loaded(definition));
      expect(await handle.result).toMatchObject({ end: { status } });
      const ledger = host.history.changes(handle.id).map(({ status, reason }) => [status, reason]);
      expect(ledger.slice(0, 2)).toEqual([
        ['reverted', null],
        ['gone', 'a is gone, with all in it'],
      ]);
    },
  );

  test('whose state is unknown are not observed again if nothing that contains them was undone', async () => {
    const { makeFile } = host;
    let observed = 0;
    const silent = defineStep({
      kind: 'test.silent',
      description: 'changes something that does not answer',
      input: z.object({}),
      output: z.null(),
      record: z.object({}),
      survivesReboot: true,
      commands: () => [],
      rehearse: () => null,
      async observe(_input, _context, earlier) {
        const seen = { target: 'the silent', record: {} };
        return earlier === undefined ? { found: 'absent', ...seen } : { found: 'ours', ...seen, output: null };
      },
      apply: async (_input, record) => record,
      async inspect() {
        observed += 1;
        throw new WfError('E_HOST_STATE_UNKNOWN', 'it does not answer', { hint: 'none' });
      },
      undo: async () => {},
      undoCommands: () => [],
    });
    const machine = setup({ actors: { makeFile, silent } }).createMachine({
      initial: 'first',
      states: {
        first: { invoke: { id: 'first', src: 'silent', input: {}, onDone: 'second' } },
        second: { invoke: { id: 'second', src: 'makeFile', input: { name: 'a' }, onDone: 'third' } },
        third: { invoke: { id: 'third', src: 'makeFile', input: { name: 'b', fail: 'before' } } },
      },
    });
    const definition = { name: 'silent', version: '1', description: '', input: z.object({}), machine };
    const { id, result } = await host.start(loaded(definition));
    expect(await result).toMatchObject({ end: { status: 'needs-attention' } });
    expect(statuses(id).slice(0, 2)).toEqual(['stuck', 'reverted']);
    // For the error of the failed run, and for the undo.
    expect(observed).toBe(2);
  });

  test('are undone newest first after a failure, and the host is verified', async () => {
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

  test('stay in place after a failure if the user keeps them', async () => {
    const handle = await host.start(threeFiles({ c: 'before' }), {}, { onFailure: 'keep' });
    expect(await handle.result).toMatchObject({ end: { status: 'failed' } });
    expect(host.files()).toEqual(['a', 'b']);
    expect(statuses(handle.id)).toEqual(['applied', 'applied', 'gone']);
  });

  test('are stuck if they cannot be undone, while the others are undone', async () => {
    const handle = await host.start(threeFiles({ b: 'undo', c: 'before' }));
    expect(await handle.result).toMatchObject({
      end: { status: 'needs-attention', error: { code: 'E_RESIDUE', hint: expect.stringContaining('rm b') } },
    });
    expect(statuses(handle.id)).toEqual(['reverted', 'stuck', 'gone']);
    expect(host.files()).toEqual(['b']);
  });

  test('are not applied over a foreign object, which stays in place', async () => {
    writeFileSync(path.join(host.folder, 'b'), 'mine');
    const handle = await host.start(threeFiles());
    expect(await handle.result).toMatchObject({ end: { status: 'rolled-back', error: { code: 'E_NAME_IN_USE' } } });
    expect(host.files()).toEqual(['b']);
    expect(statuses(handle.id)).toEqual(['reverted']);
  });

  test('exclude changes of others, which count as drift and not as residue', async () => {
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

  test('need attention while the host cannot be verified, until a rollback verifies it', async () => {
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
        // The message keeps the original error, and the hint names a command.
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

  test('are not verified in a workflow that only reads', async () => {
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
