/** Returns the text of a new workflow file, which starts on any machine and leaves nothing behind. */
export function workflowText(name: string): string {
  return `import { defineWorkflow } from 'wf-engine';
import { execCommand, execRead, revertSteps } from 'wf-engine/steps';
import { assign, type InputFrom, setup } from 'xstate';
import { z } from 'zod';

/** Inputs of \`wf start ${name} --input NAME=VALUE\`. */
const input = z.object({
  folder: z.string().min(1).default('/tmp/wf-${name}').describe('folder that the run creates'),
});
type Input = z.output<typeof input>;

interface Context extends Input {
  readonly seen: string;
}

interface Output {
  readonly seen: string;
}

// The machine decides and computes; steps touch the host. \`wf steps\` lists the step runners.
const machine = setup({
  types: { context: {} as Context, input: {} as Input, output: {} as Output },
  actors: { execCommand, execRead, revertSteps },
}).createMachine({
  context: ({ input }) => ({ ...input, seen: '' }),
  initial: 'prepare',
  // Its top-level states are the stages; the ids of what they invoke are the steps.
  states: {
    prepare: {
      invoke: {
        id: 'makeFolder',
        src: 'execCommand',
        // With this type, a misspelt key is a compile error; without it, \`wf check\` and the run report it.
        input: ({ context }): InputFrom<typeof execCommand> => ({
          argv: ['mkdir', context.folder],
          // Exit code 0 means done. wf runs it after an interruption and before an undo.
          check: ['test', '-d', context.folder],
          undo: ['rmdir', context.folder],
        }),
        onDone: 'look',
      },
    },
    look: {
      invoke: {
        id: 'readFolder',
        src: 'execRead',
        input: ({ context }) => ({ argv: ['stat', '--format', '%F, %A', context.folder] }),
        onDone: { target: 'teardown', actions: assign({ seen: ({ event }) => event.output.stdout.trim() }) },
      },
    },
    teardown: {
      invoke: { id: 'takeBack', src: 'revertSteps', input: { steps: ['makeFolder'] }, onDone: 'done' },
    },
    done: { type: 'final' },
  },
  output: ({ context }) => ({ seen: context.seen }),
});

export default defineWorkflow({
  name: '${name}',
  // Change it if runs of the old machine cannot resume in the new one.
  version: '1',
  description: 'Creates a folder, checks it, and removes it',
  input,
  machine,
  proofs: ({ seen }) => [{ claim: 'made', figures: seen }],
});
`;
}
