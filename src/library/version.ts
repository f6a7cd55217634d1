declare const WF_VERSION: string | undefined;

/** The version of wf, which the build defines; the sources have none. */
export const version = typeof WF_VERSION === 'string' ? WF_VERSION : 'development';
