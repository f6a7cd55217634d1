import type { Examples } from './example.ts';

export const HOST = {
  revertSteps: { steps: ['createFolder', 'writeFile'] },
  verifyHost: {},
} as const satisfies Partial<Examples>;

/** On a named host of the run. */
export const NAMED_HOST = {
  observeHostPlace: { name: 'beta' },
  observeIpsec: {},
} as const satisfies Partial<Examples>;
