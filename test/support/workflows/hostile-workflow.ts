/** Terminal controls (C0 and C1), bidirectional controls, and HTML markup. */
export const HOSTILE =
  'A\u001b[2J\u001b]0;title\u0007B\u009b31mC\u0085D\u202eE\u2066F\u200fG\u007fH\u0000I\rJ<script>alert(1)</script><img src=x onerror=alert(2)>';
const TEXT = JSON.stringify(HOSTILE);

/** A workflow all of whose texts are hostile. */
export const HOSTILE_WORKFLOW = `
  import { defineStep, defineWorkflow, WfError } from 'wf-engine';
  import { assign, setup } from 'xstate';
  import { z } from 'zod';
  const H = ${TEXT};
  const made = defineStep({
    kind: 'hostile.thing', description: H, input: z.object({ text: z.string().describe(H) }), output: z.object({ text: z.string() }),
    record: z.object({ text: z.string() }), survivesReboot: true, alters: [],
    commands: () => [['make', H]],
    rehearse: ({ text }) => ({ text }),
    observe: async ({ text }, _context, earlier) =>
      earlier === undefined
        ? { found: 'absent', target: H, record: { text } }
        : { found: 'ours', target: H, record: { text }, output: { text } },
    apply: async (_input, record, _found, context) => {
      context.record({ command: 'make ' + H, output: H + '\\n' + H, exitCode: 0, startedAt: 1, durationMs: 1 });
      return record;
    },
    inspect: async () => ({ found: 'in place' }),
    undo: async () => { throw new WfError('E_HOST_COMMAND', H, { hint: H }); },
    undoCommands: () => [['unmake', H]],
    rehearseUndo: () => [['unmake', H]],
  });
  const fails = defineStep({
    kind: 'hostile.failure', description: H, input: z.object({}), output: z.object({}),
    commands: () => [['fail', H]], rehearse: () => ({}),
    read: async () => { throw new WfError('E_PROBE_FAILED', H, { hint: H }); },
  });
  export default defineWorkflow({
    name: 'hostile', version: H, description: H, input: z.object({ text: z.string().default(H).describe(H), fail: z.boolean().default(false) }),
    proofs: () => [{ claim: H, figures: H }],
    requirements: () => [{ title: H, purpose: H, claim: null, check: async () => ({ met: false, error: new WfError('E_TOOL_MISSING', H, { hint: H }) }) }].slice(process.env.HOSTILE === '1' ? 0 : 1),
    narrative: () => ({ title: H, introduction: [H], stages: {}, steps: {}, tables: [], drawings: [] }),
    machine: setup({ types: { input: {} as any, context: {} as any }, actors: { made, fails }, guards: { ['g' + H]: ({ context }: any) => context.fail } }).createMachine({
      description: H, context: ({ input }: any) => input, initial: 'first' + H, output: ({ context }: any) => ({ text: context.text }),
      states: {
        ['first' + H]: { description: H, invoke: { id: 'made', src: 'made', input: ({ context }: any) => ({ text: context.text }),
          onDone: [{ guard: 'g' + H, target: 'second', actions: assign({ text: H }) }, 'last'] } },
        second: { invoke: { id: 'fails', src: 'fails', input: {}, onDone: 'last' } },
        last: { type: 'final' },
      },
    } as any),
  });`;

/** Control characters except tab and line feed, and bidirectional controls. */
export const STEERS = /(?![\n\t])\p{Cc}|\p{Bidi_Control}/u;
