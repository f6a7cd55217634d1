/** The text of a new workflow file: it can be started at once, on any machine, and leaves nothing behind. */
export function workflowText(name: string): string {
  return `import { defineWorkflow, execCommand, execRead, revertSteps } from 'wf-engine';
import { assign, type InputFrom, setup } from 'xstate';
import { z } from 'zod';

/** What \`wf start ${name} --input NAME=VALUE\` takes. */
const input = z.object({
  folder: z.string().min(1).default('/tmp/wf-${name}').describe('a folder that the run makes'),
});
type Input = z.output<typeof input>;

interface Context extends Input {
  readonly seen: string;
}

interface Output {
  readonly seen: string;
}

// The machine decides and computes. What touches the world is a step; \`wf steps\` lists the step runners there are.
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
        // With its type named, a misspelt key is a compile error; without, \`wf check\` and the run report it.
        input: ({ context }): InputFrom<typeof execCommand> => ({
          argv: ['mkdir', context.folder],
          // Exit code 0 says that it is done: so wf can tell after an interruption, and when it undoes.
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
  // Another one whenever a run of the old machine could not go on in the new one.
  version: '1',
  description: 'Makes a folder, looks at it, and takes it away',
  input,
  machine,
  proofs: ({ seen }) => [{ claim: 'made', figures: seen }],
});
`;
}
