/** The formats of `wf report`. In a module of their own, so that parsing a command line loads no writing module. */
export const REPORT_FORMATS = ['markdown', 'html', 'json'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];
