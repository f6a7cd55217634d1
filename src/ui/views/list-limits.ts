// Apart: the browser needs them, too.

/** Number of runs on a page unless its address has another one. */
export const RUNS_PER_PAGE = 50;

/** Number of runs that a search without an index reads: it keeps all other pages waiting. */
export const SEARCHED_RUNS = 5_000;
