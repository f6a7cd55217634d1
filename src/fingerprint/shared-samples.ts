import { FACETS, type Facet } from '../engine/workflow/facets.ts';
import { limitedTo, type Sections } from './differences/shape.ts';

/** Samples these facets of a host until they are settled, or as expected. */
export type Settle = (
  facets: readonly Facet[],
  isWatched: boolean,
  isExpected: (sections: Sections) => boolean,
) => Promise<Sections>;

interface Request {
  readonly facets: readonly Facet[];
  readonly isWatched: boolean;
  isExpected(sections: Sections): boolean;
  resolve(sections: Sections): void;
  reject(thrown: unknown): void;
}

/**
 * Runs one sampling of a host at a time. Calls during a sampling share the next one, which begins after them: each caller observes the
 * effects of everything it did before.
 */
export function shareSamples(settle: Settle): Settle {
  let waiting: readonly Request[] = [];
  let isBusy = false;

  async function work(): Promise<void> {
    isBusy = true;
    for (;;) {
      // Calls of the same turn of the event loop join.
      await new Promise((resolve) => setImmediate(resolve));
      const isWatched = waiting[0]?.isWatched;
      if (isWatched === undefined) break;
      const batch = waiting.filter((request) => request.isWatched === isWatched);
      waiting = waiting.filter((request) => request.isWatched !== isWatched);
      await answer(batch, isWatched);
    }
    isBusy = false;
  }

  async function answer(batch: readonly Request[], isWatched: boolean): Promise<void> {
    const facets = FACETS.filter((facet) => batch.some((request) => request.facets.includes(facet)));
    const areExpected = (sections: Sections) =>
      batch.every((request) => request.isExpected(limitedTo(request.facets, sections)));
    try {
      const sections = await settle(facets, isWatched, areExpected);
      for (const request of batch) request.resolve(limitedTo(request.facets, sections));
    } catch (thrown) {
      for (const request of batch) request.reject(thrown);
    }
  }

  return (facets, isWatched, isExpected) =>
    new Promise((resolve, reject) => {
      waiting = [...waiting, { facets, isWatched, isExpected, resolve, reject }];
      if (!isBusy) void work();
    });
}
