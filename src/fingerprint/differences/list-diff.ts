/** Difference in one member of an ordered list; positions count from 1. */
export type ListDifference =
  | { readonly type: 'added'; readonly value: string; readonly after: number }
  | { readonly type: 'removed'; readonly value: string; readonly before: number }
  | { readonly type: 'moved'; readonly value: string; readonly before: number; readonly after: number };

/** Beyond this many comparisons (16 MB), differing members are only reported as removed and added, or moved. */
const LARGEST_TABLE = 4_000_000;

/**
 * Returns the members outside a longest common subsequence of two lists. An inserted member does not make later ones differ; a
 * member found at another position was moved.
 */
export function listDifferences(before: readonly string[], after: readonly string[]): readonly ListDifference[] {
  const { removed, added } = outsideCommon(before, after);
  const differences: ListDifference[] = [];
  const arrived = [...added];
  for (const from of removed) {
    const value = before[from] ?? '';
    const match = arrived.findIndex((to) => after[to] === value);
    const to = match === -1 ? undefined : arrived.splice(match, 1)[0];
    if (to === undefined) differences.push({ type: 'removed', value, before: from + 1 });
    else differences.push({ type: 'moved', value, before: from + 1, after: to + 1 });
  }
  return [...differences, ...arrived.map((to) => ({ type: 'added' as const, value: after[to] ?? '', after: to + 1 }))];
}

/** Returns the indices outside a longest common subsequence. First removes the common prefix and suffix, usually nearly everything. */
function outsideCommon(a: readonly string[], b: readonly string[]): { removed: number[]; added: number[] } {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const rows = a.length - start - end;
  const columns = b.length - start - end;
  // lengths[i][j]: length of the longest common subsequence of the members from i in a and from j in b
  const affordable = rows * columns <= LARGEST_TABLE;
  const lengths = affordable ? Array.from({ length: rows + 1 }, () => new Uint32Array(columns + 1)) : [];
  const lengthAt = (i: number, j: number): number => lengths[i]?.[j] ?? 0;
  for (let i = lengths.length - 2; i >= 0; i -= 1) {
    const row = lengths[i];
    if (row === undefined) continue;
    for (let j = columns - 1; j >= 0; j -= 1) {
      const same = a[start + i] === b[start + j];
      row[j] = same ? lengthAt(i + 1, j + 1) + 1 : Math.max(lengthAt(i + 1, j), lengthAt(i, j + 1));
    }
  }
  const removed: number[] = [];
  const added: number[] = [];
  let i = 0;
  let j = 0;
  while (i < rows || j < columns) {
    if (i < rows && j < columns && a[start + i] === b[start + j]) {
      i += 1;
      j += 1;
    } else if (j === columns || (i < rows && lengthAt(i + 1, j) >= lengthAt(i, j + 1))) {
      removed.push(start + i);
      i += 1;
    } else {
      added.push(start + j);
      j += 1;
    }
  }
  return { removed, added };
}
