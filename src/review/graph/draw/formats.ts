/** The formats of `wf graph`. In a module of their own, so that parsing a command line loads no drawing module. */
export const GRAPH_FORMATS = ['text', 'mermaid', 'dot', 'svg', 'json'] as const;
export type GraphFormat = (typeof GRAPH_FORMATS)[number];
