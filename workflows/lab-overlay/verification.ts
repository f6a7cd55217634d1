import { keep, sequence } from './machine-parts.ts';

/** Verifies that both hosts are as they were before the first change. */
export const verification = sequence({
  verifyHost: { src: 'verifyHost', input: {}, onDone: keep('verifyHost') },
});
