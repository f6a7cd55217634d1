import type { PageFrame } from '../page-model.ts';

/** An empty history: what to do first. */
export function NoRuns({ frame }: { readonly frame: PageFrame }) {
  return (
    <>
      <p>There are no runs yet.</p>
      <p>
        Choose a workflow from the <a href={`${frame.basePath}/workflows`}>workflows</a>, or run the lab in a terminal:
      </p>
      <pre>
        <code>{'wf start lab-network --dry-run   # shows what it would do\nwf start lab-network'}</code>
      </pre>
      <p>
        The runs appear here as soon as they begin. <a href={`${frame.basePath}/doctor`}>Doctor</a> checks whether this
        machine has everything that they need.
      </p>
    </>
  );
}
