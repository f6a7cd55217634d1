/** Number of runs on a page unless its address has another one. Apart: the browser needs it, too. */
export const RUNS_PER_PAGE = 50;
