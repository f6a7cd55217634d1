/** What `wf graph -o` takes. On its own, so that parsing a command line does not load what draws. */
export const GRAPH_FORMATS = ['text', 'mermaid', 'dot', 'svg', 'json'] as const;
export type GraphFormat = (typeof GRAPH_FORMATS)[number];
