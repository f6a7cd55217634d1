/** The formats of `wf runs`: a table, JSON, or ids only, one a line. */
export const LIST_FORMATS = ['table', 'json', 'ids'] as const;
export type ListFormat = (typeof LIST_FORMATS)[number];

/** The formats of `wf diff`. */
export const DIFF_FORMATS = ['text', 'json'] as const;
export type DiffFormat = (typeof DIFF_FORMATS)[number];
