/** What workflow files import as `wf-engine`. In what is built, each of its exports is only made when it is asked for (scripts/lazy-exports.mjs). */
export const wfModule = (): Promise<unknown> => import('../index.ts');
