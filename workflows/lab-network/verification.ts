import { keep, lab } from './machine-parts.ts';

/** Verifies that the host is as it was before the first change. */
export const verification = lab.createStateConfig({
  initial: 'compare',
  states: {
    compare: {
      invoke: {
        id: 'verifyHost',
        src: 'verifyHost',
        input: {},
        onDone: { target: 'done', actions: keep('verifyHost') },
      },
    },
    done: { type: 'final' },
  },
});
