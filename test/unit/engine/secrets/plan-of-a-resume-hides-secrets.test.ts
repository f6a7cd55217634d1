import { afterEach, beforeEach, expect, test } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { describeDefinition } from '../../../../src/definition/describe.ts';
import { secret } from '../../../../src/engine/secrets/mark-secret.ts';
import { defineStep } from '../../../../src/engine/workflow/define-step.ts';
import { type FolderHost, loaded, openFolderHost } from '../../../support/in-process/folder-host.ts';

let host: FolderHost;
let exists: boolean;
beforeEach(() => {
  exists = false;
  host = openFolderHost(undefined, () => false);
});
afterEach(() => host.close());

/** Names its input in everything that it observes. */
const account = defineStep({
  kind: 'test.account',
  description: 'creates an account',
  input: z.object({ password: z.string() }),
  output: z.null(),
  record: z.object({ password: z.string() }),
  survivesReboot: true,
  commands: () => [],
  rehearse: () => null,
  observe: async ({ password }) => {
    const seen = { target: 'the account', record: { password } };
    return exists ? { found: 'ours', ...seen, output: null } : { found: 'absent', ...seen };
  },
  apply: async (_input, record) => {
    exists = true;
    return record;
  },
  inspect: async ({ password }) =>
    exists ? { found: 'in place' } : { found: 'gone', reason: `no account has the password ${password}` },
  undo: async () => {},
  undoCommands: () => [],
});

test('the plan of a resume contains no secret that its observations contain', async () => {
  const password = 'correct horse battery staple';
  const machine = setup({
    actors: { account },
    types: { context: {} as { password: string }, input: {} as { password: string } },
  }).createMachine({
    context: ({ input }) => input,
    initial: 'first',
    states: {
      first: { invoke: { id: 'one', src: 'account', input: ({ context }) => context, onDone: 'second' } },
      second: { invoke: { id: 'two', src: 'account', input: ({ context }) => context, onDone: 'end' } },
      end: { type: 'final' },
    },
  });
  const input = z.object({ password: secret(z.string()) });
  const workflow = loaded({ name: 'account', version: '1', description: '', input, machine });
  const { id, result } = await host.start(workflow, { password }, { pauseAfter: 'first' });
  expect(await result).toEqual({ type: 'paused', stage: 'first' });
  exists = false;
  const { steps } = await host.engine.planResume({
    run: id,
    workflow,
    definition: describeDefinition(workflow, workflow.model),
    acceptChanges: false,
    pauseAfter: null,
    secrets: { password },
  });
  expect(steps[0]).toMatchObject({ step: 'one', why: expect.stringContaining('no account has the password') });
  expect(JSON.stringify(steps)).not.toContain(password);
});
