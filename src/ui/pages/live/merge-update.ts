import type { RunUpdate, RunView } from '../../views/runs/run-view.ts';

/** Returns the view after an update, which has only the steps and changes that have changed. */
export function mergeUpdate(before: RunView, update: RunUpdate): RunView {
  return {
    ...update,
    steps: merged(before.steps, update.steps, ({ id }) => id),
    changes: merged(before.changes, update.changes, ({ seq }) => seq),
  };
}

/** Replaces items in place, and appends the others. */
function merged<Item>(before: readonly Item[], news: readonly Item[], keyOf: (item: Item) => unknown): readonly Item[] {
  if (news.length === 0) return before;
  const left = new Map(news.map((item) => [keyOf(item), item]));
  const kept = before.map((item) => {
    const key = keyOf(item);
    const replaced = left.get(key) ?? item;
    left.delete(key);
    return replaced;
  });
  return [...kept, ...left.values()];
}
