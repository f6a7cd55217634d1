/** States of machines in fewer lines: plain XState configs, of which nothing is left in a run but their states. */
export { approval } from './approval.ts';
export { flow } from './flow.ts';
