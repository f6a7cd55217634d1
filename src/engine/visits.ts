/**
 * How often each invoke id has been started: never changed, each visit makes a new one. Those that follow each other share one
 * count, so that the thousandth visit costs what the first one does.
 */
export interface Visits {
  /** How often `id` has been visited with this visit, and what is known after it. */
  visit(id: string): { readonly count: number; readonly visits: Visits };
}

export const NO_VISITS: Visits = { visit: (id) => visitsUpTo(0, sharedOf([])).visit(id) };

/** What visits that follow each other have in common: those of the newest of them. */
interface Shared {
  readonly log: string[];
  readonly counts: Map<string, number>;
}

function sharedOf(log: readonly string[]): Shared {
  const counts = new Map<string, number>();
  for (const id of log) counts.set(id, (counts.get(id) ?? 0) + 1);
  return { log: [...log], counts };
}

/** The first `length` of the shared ones. */
function visitsUpTo(length: number, shared: Shared): Visits {
  return {
    visit(id) {
      // Another visit has followed these already: from here on the two ways are apart.
      const own = shared.log.length === length ? shared : sharedOf(shared.log.slice(0, length));
      const count = (own.counts.get(id) ?? 0) + 1;
      own.counts.set(id, count);
      own.log.push(id);
      return { count, visits: visitsUpTo(length + 1, own) };
    },
  };
}
