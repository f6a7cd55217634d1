import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { runnerOf } from '../../../../src/engine/workflow/define-step.ts';
import { flow } from '../../../../src/flow/index.ts';
import { execOnUndo, execRead } from '../../../../src/steps/index.ts';
import { type FolderHost, loaded, openFolderHost } from '../../../support/in-process/folder-host.ts';

let host: FolderHost;
let seen: string;
beforeEach(() => {
  host = openFolderHost();
  seen = path.join(host.folder, '..', 'seen');
});
afterEach(() => host.close());

/** Makes a file; before and after it, a command copies all files into the folder `seen`, as a service reads its files again. */
function workflow(fail: boolean) {
  const base = setup({ actors: { execOnUndo, execRead, makeFile: host.makeFile } });
  const { sequence } = flow(base);
  const reload = { argv: ['cp', '--recursive', `${host.folder}/.`, seen] satisfies [string, ...string[]] };
  const machine = base.createMachine(
    sequence({
      main: sequence({
        reloadOnUndo: { src: 'execOnUndo', input: reload },
        make: { src: 'makeFile', input: { name: 'file', fail: fail ? 'after' : 'no' } },
        reload: { src: 'execRead', input: reload },
      }),
    }),
  );
  return loaded({ name: 'x', version: '1', description: '', input: z.object({}), machine, keepsChanges: true });
}

const runner = (kind: string) => [host.makeFile, execOnUndo].map(runnerOf).find((found) => found?.kind === kind);

test('a command on undo runs after the later changes are undone, and not before', async () => {
  mkdirSync(seen);
  const { id, result } = await host.start(workflow(false));
  expect(await result).toMatchObject({ end: { status: 'succeeded' } });
  expect(readdirSync(seen)).toEqual(['file']);
  expect(host.history.evidence(id).filter(({ step }) => step === 'reloadOnUndo')).toEqual([]);
  rmSync(seen, { recursive: true });
  mkdirSync(seen);
  const undone = await host.engine.rollBack({ run: id, runner, removeKept: true });
  expect(await undone?.result).toMatchObject({ end: { status: 'rolled-back' } });
  expect(readdirSync(seen)).toEqual([]);
});

test('a failed run executes it during the rollback, and it sees the host without the changes', async () => {
  mkdirSync(seen);
  const { id, result } = await host.start(workflow(true));
  expect(await result).toMatchObject({ end: { status: 'rolled-back' } });
  expect(readdirSync(seen)).toEqual([]);
  expect(host.history.changes(id).map(({ target, status }) => `${target} ${status}`)).toEqual([
    `command on undo cp --recursive ${host.folder}/. ${seen} reverted`,
    'file file reverted',
  ]);
  expect(host.history.evidence(id).at(-1)).toMatchObject({ step: 'reloadOnUndo', exitCode: 0 });
});

test('a command that fails leaves its change, which a later rollback undoes', async () => {
  writeFileSync(seen, '');
  const { id, result } = await host.start(workflow(true));
  expect(await result).toMatchObject({ end: { status: 'needs-attention' } });
  expect(host.files()).toEqual([]);
  rmSync(seen);
  const again = await host.engine.rollBack({ run: id, runner, removeKept: true });
  expect(await again?.result).toMatchObject({ end: { status: 'rolled-back' } });
});
