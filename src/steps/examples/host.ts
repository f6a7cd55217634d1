import type { Examples } from './example.ts';

export const HOST = {
  revertSteps: { steps: ['createFolder', 'writeFile'] },
  verifyHost: {},
} as const satisfies Partial<Examples>;
