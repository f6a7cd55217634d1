import { failedStep } from '../../../review/record/failed-step.ts';
import type { WaitingFor } from '../../../review/record/waiting-for.ts';
import { durationText } from '../../../review/text/format/duration.ts';
import { suggestedCommand } from '../../../review/text/suggestion.ts';
import type { RunView } from '../../views/run-view.ts';
import type { LiveRun } from '../live/use-run.ts';
import type { PageFrame } from '../page-model.ts';
import { Command } from '../parts/command.tsx';
import { ErrorText } from '../parts/error-text.tsx';
import { Moment } from '../parts/moment.tsx';
import { Status } from '../parts/status.tsx';
import { type StepAddresses, StepLink } from './step-link.tsx';

interface HeadingProps {
  readonly frame: PageFrame;
  readonly view: RunView;
  readonly connection: LiveRun['connection'];
  readonly steps: StepAddresses;
}

/** Which run it is, how it stands, and what to do next. */
export function RunHeading({ frame, view, connection, steps }: HeadingProps) {
  const { run } = view;
  return (
    <header class="run-heading">
      <h1>
        <a href={`${frame.basePath}/workflows/${encodeURIComponent(run.workflow)}`}>{run.workflow}</a>{' '}
        <code>{run.id}</code> <Status status={run.status} />
      </h1>
      <Connection connection={connection} />
      <Facts frame={frame} view={view} />
      <Failure frame={frame} view={view} steps={steps} />
      <Next frame={frame} view={view} />
    </header>
  );
}

/** A place that is always there, so that nothing moves when the connection is lost. */
function Connection({ connection }: Pick<HeadingProps, 'connection'>) {
  const words = {
    connected: '',
    lost: 'The connection to wf is lost: reconnecting. If this lasts, load the page again.',
    gone: 'This run has been removed from the history. The page shows what it knew last.',
  };
  return (
    <p class={`connection ${connection}`} role="status">
      {words[connection]}
    </p>
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
    ['created', <Moment at={run.createdAt} />],
    ['started', <Moment at={run.startedAt} />],
    ['finished', <Moment at={run.finishedAt} />],
    ['took', durationText(run.durationMs)],
    ['runtime', run.runtime],
    ['definition', <code title={run.definitionHash}>{run.definitionHash.slice(0, 12)}</code>],
    ...(waitingFor === null ? [] : waits(waitingFor)),
    ...(plan === null ? [] : [['plan', <code>{plan}</code>] as const]),
    ...(retryOf === undefined ? [] : [['starts anew', link(retryOf)] as const]),
    ...(retriedAs === undefined ? [] : [['started anew as', link(retriedAs)] as const]),
    ...(run.resume === undefined ? [] : [['if interrupted', 'an agent resumes it'] as const]),
    ...(importedFrom === undefined ? [] : [['imported from', importedFrom] as const]),
  ] as const;
  return (
    <dl class="run-facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Failure({ frame: { namedDatabase }, view, steps }: Omit<HeadingProps, 'connection'>) {
  const { error, status } = view.run;
  if (error === null) return null;
  const failed = failedStep(view.steps, error);
  return (
    <>
      <ErrorText error={error} namedDatabase={namedDatabase} />
      {failed === undefined || status === 'succeeded' ? null : (
        <p>
          Failed at <StepLink id={failed.id} steps={steps} /> in {failed.stage}
        </p>
      )}
    </>
  );
}

/** Returns the events and timers one of which lets the run continue. */
function waits({ events, timers, confirm }: WaitingFor) {
  return [
    ...(events.length === 0 ? [] : [['waits for', events.map(({ type }) => type).join(' or ')] as const]),
    ...timers.map(({ name, deadline }) => [`timer ${name}`, <Moment at={deadline} />] as const),
    ...(confirm === null ? [] : [['undone unless confirmed by', <Moment at={confirm.deadline} />] as const]),
  ];
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

/** Says why there is no command that continues the run. */
function nothingToDo(waitingFor: WaitingFor | null, isAdvancing: boolean): string {
  if (waitingFor !== null && waitingFor.events.length > 0) return 'nothing to do until somebody answers';
  return isAdvancing ? 'nothing to do: the run goes on by itself' : 'nothing to do';
}
