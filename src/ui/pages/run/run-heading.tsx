import { failedStep } from '../../../review/record/steps/failed-step.ts';
import type { WaitingFor } from '../../../review/record/waiting-for.ts';
import { durationText } from '../../../review/text/format/duration.ts';
import { suggestedCommand } from '../../../review/text/suggestion.ts';
import type { RunView } from '../../views/runs/run-view.ts';
import type { LiveRun } from '../live/use-run.ts';
import type { PageFrame } from '../page-model.ts';
import { Command } from '../parts/command.tsx';
import { ConnectionNotice } from '../parts/connection-notice.tsx';
import { ErrorText } from '../parts/error-text.tsx';
import { FactList } from '../parts/fact-list.tsx';
import { Moment } from '../parts/moment.tsx';
import { Status } from '../parts/status.tsx';
import { type StepAddresses, StepLink } from './step-link.tsx';

interface HeadingProps {
  readonly frame: PageFrame;
  readonly view: RunView;
  readonly connection: LiveRun['connection'];
  readonly steps: StepAddresses;
}

/** The run with its status, and why it failed. */
export function RunHeading({ frame, view, connection, steps }: HeadingProps) {
  const { run } = view;
  return (
    <header class="run-heading">
      <h1>
        <a href={`${frame.basePath}/workflows/${encodeURIComponent(run.workflow)}`}>{run.workflow}</a>{' '}
        <code>{run.id}</code> <Status status={run.status} />
      </h1>
      <ConnectionNotice connection={connection} />
      <Failure frame={frame} view={view} steps={steps} />
    </header>
  );
}

/** Times and origin of the run, and the commands that make sense now. */
export function RunFacts({ frame, view }: Pick<HeadingProps, 'frame' | 'view'>) {
  return (
    <>
      <Facts frame={frame} view={view} />
      <Next frame={frame} view={view} />
    </>
  );
}

function Facts({ frame: { basePath }, view: { run } }: Pick<HeadingProps, 'frame' | 'view'>) {
  const link = (id: string) => (
    <a href={`${basePath}/runs/${id}`}>
      <code>{id}</code>
    </a>
  );
  const { plan, retryOf, retriedAs, importedFrom, waitingFor } = run;
  const facts = [
    ['Created', <Moment at={run.createdAt} />],
    ['Started', <Moment at={run.startedAt} />],
    ['Finished', <Moment at={run.finishedAt} />],
    ['Took', durationText(run.durationMs)],
    ['Runtime', run.runtime],
    ['Definition', <code title={run.definitionHash}>{run.definitionHash.slice(0, 12)}</code>],
    ...(waitingFor === null ? [] : waits(waitingFor)),
    ...(plan === null ? [] : [['Plan', <code>{plan}</code>] as const]),
    ...(retryOf === undefined ? [] : [['Starts anew', link(retryOf)] as const]),
    ...(retriedAs === undefined ? [] : [['Started anew as', link(retriedAs)] as const]),
    ...(run.resume === undefined ? [] : [['If interrupted', 'an agent resumes it'] as const]),
    ...(importedFrom === undefined ? [] : [['Imported from', importedFrom] as const]),
  ] as const;
  return <FactList facts={facts} />;
}

function Failure({ frame: { namedDatabase }, view, steps }: Omit<HeadingProps, 'connection'>) {
  const { error, status } = view.run;
  if (error === null) return null;
  const failed = failedStep(view.steps, error);
  return (
    <ErrorText error={error} namedDatabase={namedDatabase}>
      {failed === undefined || status === 'succeeded' ? null : (
        <p>
          Failed step: <StepLink id={failed.id} steps={steps} /> of stage {failed.stage}
        </p>
      )}
    </ErrorText>
  );
}

/** Returns the timers of a run that waits for nothing else: a question has its own. */
function waits({ events, timers }: WaitingFor) {
  if (events.length > 0) return [];
  return timers.map(({ name, deadline }) => ['Waits until', <Moment key={name} at={deadline} />] as const);
}

/** The commands that make sense now; they work wherever the database is. Both lines are always there: nothing moves when they change. */
function Next({
  frame: { namedDatabase },
  view: { run, next, shell, timeline },
}: Pick<HeadingProps, 'frame' | 'view'>) {
  const command = (line: string) => <Command key={line} line={suggestedCommand(line, placeOf(namedDatabase))} />;
  return (
    <dl class="commands">
      <div>
        <dt>Next</dt>
        {next.length === 0 ? (
          <dd class="quiet">{nothingToDo(run.waitingFor, timeline.isAdvancing)}</dd>
        ) : (
          <dd>{next.map(command)}</dd>
        )}
      </div>
      <div>
        <dt>Open a shell on its host</dt>
        {shell === null ? (
          <dd>{command(`wf shell ${run.id}`)}</dd>
        ) : (
          <dd class="quiet">{`not now: ${shell.message}`}</dd>
        )}
      </div>
    </dl>
  );
}

/** Returns the database that commands name, if they must. */
function placeOf(namedDatabase: string | null): { readonly database?: string } {
  return namedDatabase === null ? {} : { database: namedDatabase };
}

/** Returns why there is no command that continues the run. */
function nothingToDo(waitingFor: WaitingFor | null, isAdvancing: boolean): string {
  if (waitingFor !== null && waitingFor.events.length > 0) return 'nothing to do until somebody answers';
  return isAdvancing ? 'nothing to do: the run continues by itself' : 'nothing to do';
}
