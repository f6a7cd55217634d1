/** The formats of `wf report`, apart from the modules that write them: parsing a command line loads none of those. */
export const REPORT_FORMATS = ['markdown', 'html'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];
