// A file of its own: the browser imports it, too.

/** Number of runs on a page by default. */
export const RUNS_PER_PAGE = 50;

/** Number of runs that a search without an index reads: all other pages wait meanwhile. */
export const SEARCHED_RUNS = 5_000;
