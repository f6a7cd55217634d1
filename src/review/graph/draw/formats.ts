/** The formats of `wf graph`, apart from the modules that draw them: parsing a command line loads none of those. */
export const GRAPH_FORMATS = ['text', 'mermaid', 'dot', 'svg', 'json'] as const;
export type GraphFormat = (typeof GRAPH_FORMATS)[number];
