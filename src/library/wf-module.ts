/** Returns what workflow files can import from wf: the exports of `wf-engine` and those of `wf-engine/steps`, found under either name. */
export async function wfModule(): Promise<object> {
  const [wf, steps] = await Promise.all([import('../index.ts'), import('../steps/index.ts')]);
  return { ...wf, ...steps };
}
