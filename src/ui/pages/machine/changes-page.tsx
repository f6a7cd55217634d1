import type { ChangesOfRun, ChangesView } from '../../views/changes-view.ts';
import { typedCommand } from '../actions/typed-command.ts';
import type { PageFrame } from '../page-model.ts';
import { ChangeList } from '../parts/change-list.tsx';
import { Command } from '../parts/command.tsx';
import { Status } from '../parts/status.tsx';
import { Suggested } from '../parts/suggested.tsx';

interface ChangesPageProps {
  readonly frame: PageFrame;
  readonly view: ChangesView;
}

/** The changes in place on this host, by run, with the commands that undo them. */
export function ChangesPage({ frame, view: { changes, runs, newest } }: ChangesPageProps) {
  return (
    <>
      <h1>Changes in place</h1>
      {changes === 0 ? (
        <p>No changes of wf are in place on this host.</p>
      ) : (
        <p>
          {changes === 1 ? '1 change' : `${changes} changes`} of {runs === 1 ? '1 run' : `${runs} runs`}, newest run
          first. Undo the changes of a run with its command, or by hand with the others, in this order.
        </p>
      )}
      {newest.map((one) => (
        <OfRun key={one.run} frame={frame} of={one} />
      ))}
      {runs > newest.length && (
        <p>
          {runs - newest.length} older runs have changes in place, too.{' '}
          <Suggested frame={frame} text="`wf changes` lists all." />
        </p>
      )}
    </>
  );
}

function OfRun({
  frame,
  of: { run, workflow, status, changes },
}: {
  readonly frame: PageFrame;
  readonly of: ChangesOfRun;
}) {
  return (
    <section aria-labelledby={`run-${run}`}>
      <h2 id={`run-${run}`}>
        <a href={`${frame.basePath}/runs/${run}`}>{run}</a> <span class="quiet">{workflow}</span>{' '}
        <Status status={status} />
      </h2>
      <p>
        <Command line={typedCommand(frame, 'rollback', [run])} />
      </p>
      <ChangeList changes={changes} />
    </section>
  );
}
