import { canonicalJson, toJson } from '../../engine/json.ts';
import type { HostContext, Standing } from '../../engine/step.ts';

/**
 * What wf saw itself during one attempt or one undo, and what no look at the host can tell afterwards: that a command was never
 * started, that its undo ended well. Without it, a change that nothing can check would stay stuck for ever.
 * It is forgotten with the context, so that a later process, which saw nothing, does not claim to know.
 */
export interface CommandMemory {
  note(context: HostContext, record: unknown, standing: Standing): void;
  recall(context: HostContext, record: unknown): Standing | undefined;
}

export function createCommandMemory(): CommandMemory {
  const seen = new WeakMap<HostContext, Map<string, Standing>>();
  return {
    note(context, record, standing) {
      const known = seen.get(context) ?? new Map<string, Standing>();
      seen.set(context, known.set(keyOf(record), standing));
    },
    recall: (context, record) => seen.get(context)?.get(keyOf(record)),
  };
}

function keyOf(record: unknown): string {
  return canonicalJson(toJson(record));
}
