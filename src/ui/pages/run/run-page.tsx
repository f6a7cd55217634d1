import { useEffect, useState } from 'preact/hooks';
import type { RunPageView } from '../../views/run-page-view.ts';
import { RunActions } from '../actions/run-actions.tsx';
import { followRun } from '../live/event-source.ts';
import { mergeUpdate } from '../live/merge-update.ts';
import type { PageFrame } from '../page-model.ts';
import { Status } from '../parts/status.tsx';

/** A run, as it happens. */
export function RunPage({ frame, page }: { readonly frame: PageFrame; readonly page: RunPageView }) {
  const [view, setView] = useState(page.view);
  const { id, workflow, status } = view.run;
  useEffect(
    () => followRun(frame.basePath, id, page.view.seq, (update) => setView((before) => mergeUpdate(before, update))),
    [frame.basePath, id, page.view.seq],
  );
  return (
    <>
      <h1>
        {workflow} <code>{id}</code> <Status status={status} />
      </h1>
      <RunActions frame={frame} view={view} />
      <ol>
        {view.steps.map((step) => (
          <li key={step.id}>
            {step.id} <Status status={step.status} />
          </li>
        ))}
      </ol>
    </>
  );
}
