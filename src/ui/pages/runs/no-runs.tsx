import type { PageFrame } from '../page-model.ts';
import { Suggested } from '../parts/suggested.tsx';

/** An empty history: what to do first. */
export function NoRuns({ frame }: { readonly frame: PageFrame }) {
  return (
    <>
      <p>There are no runs yet.</p>
      <p>
        Choose a workflow from the <a href={`${frame.basePath}/workflows`}>workflows</a>, or run the lab in a terminal:
      </p>
      <ul>
        <li>
          <Suggested frame={frame} text="`wf start lab-network --dry-run` shows what it would do." />
        </li>
        <li>
          <Suggested frame={frame} text="`wf start lab-network` runs it." />
        </li>
      </ul>
      <p>
        The runs appear here as soon as they begin. <a href={`${frame.basePath}/doctor`}>Doctor</a> checks whether this
        machine has everything that they need.
      </p>
    </>
  );
}
