import type { RunStatus } from '../../../engine/ports/history.ts';

/** A status as a word with a sign: colour alone is not enough. */
export function Status({ status }: { readonly status: RunStatus | string }) {
  return <span class={`status ${status}`}>{status}</span>;
}
