declare const WF_VERSION: string | undefined;

/** Version of wf. The build defines it; the sources have none. */
export const VERSION = typeof WF_VERSION === 'string' ? WF_VERSION : 'development';
