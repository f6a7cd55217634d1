import { afterEach, beforeEach, expect, test } from 'vitest';
import { type InputFrom, setup } from 'xstate';
import { z } from 'zod';
import { rehearse } from '../../../../src/engine/machine/rehearse.ts';
import { defineStep, runnerOf } from '../../../../src/engine/workflow/define-step.ts';
import { checkWorkflow } from '../../../../src/review/check/check-workflow.ts';
import { execCommand } from '../../../../src/steps/exec/index.ts';
import { described } from '../../../fixtures/review/drawn-machine.ts';
import { type FolderHost, loaded, openFolderHost } from '../../../support/in-process/folder-host.ts';

let host: FolderHost;
beforeEach(() => {
  host = openFolderHost();
});
afterEach(() => host.close());

/** A machine that makes one file and then runs a command whose `undo` is misspelt, which only a run computes. */
function misspelt() {
  const { makeFile } = host;
  const machine = setup({ actors: { makeFile, execCommand } }).createMachine({
    initial: 'file',
    states: {
      file: { invoke: { id: 'make', src: 'makeFile', input: { name: 'a' }, onDone: 'command' } },
      command: {
        invoke: { id: 'run', src: 'execCommand', input: () => ({ argv: ['true'], undoo: ['true'] }), onDone: 'end' },
      },
      end: { type: 'final' },
    },
  });
  return loaded({ name: 'misspelt', version: '1', description: '', input: z.object({}), machine });
}

test('a step with an unknown input key is refused, and its command does not run', async () => {
  const { result, id } = await host.start(misspelt());
  const refused = { code: 'E_STEP_INPUT', message: expect.stringContaining('unknown key "undoo"') };
  expect(await result).toMatchObject({ end: { status: 'rolled-back', error: refused } });
  expect(host.history.changes(id).map(({ target, status }) => [target, status])).toEqual([['file a', 'reverted']]);
});

test('a dry run and wf check name the step and the key', () => {
  const workflow = misspelt();
  const message = 'step run: exec.command: unknown key "undoo" in the input';
  expect(() => rehearse(workflow, {}, () => 0)).toThrow(
    expect.objectContaining({
      code: 'E_STEP_INPUT',
      message,
      hint: expect.stringContaining('argv, title, stdin, cwd, env'),
    }),
  );
  const { description } = described(workflow.model.machine);
  expect(checkWorkflow(workflow, description).filter(({ severity }) => severity === 'error')).toEqual([
    expect.objectContaining({ check: 'step-input', where: ['run'], message: `its input is refused: ${message}` }),
  ]);
});

test('the printed schema of a step refuses unknown keys; a loose schema accepts them', () => {
  expect(runnerOf(execCommand)?.schemas.input).toMatchObject({ additionalProperties: false });
  const loose = defineStep({
    kind: 'test.loose',
    description: 'takes all',
    input: z.looseObject({}),
    output: z.null(),
    commands: () => [],
    rehearse: () => null,
    read: async () => null,
  });
  expect(runnerOf(loose)?.parseInput({ any: 1 })).toEqual({ any: 1 });
});

test('the compiler refuses an unknown key in a typed input function', () => {
  const input = (): InputFrom<typeof execCommand> => ({
    argv: ['true'],
    // @ts-expect-error: a literal of a named type has no unknown keys
    undoo: ['true'],
  });
  expect(Object.keys(input())).toContain('undoo');
});
