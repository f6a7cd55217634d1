import { useLayoutEffect, useRef } from 'preact/hooks';
import { changeName } from '../../../review/changes/change-name.ts';
import { durationText } from '../../../review/text/format/duration.ts';
import { displayedText } from '../../views/displayed.ts';
import type { StepRow } from '../../views/runs/run-view.ts';
import type { StepView } from '../../views/step-view.ts';
import { useRead } from '../live/use-read.ts';
import { Command } from '../parts/command.tsx';
import { CutTextBlock } from '../parts/cut-text.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { ErrorText } from '../parts/error-text.tsx';
import { Moment } from '../parts/moment.tsx';
import { Status } from '../parts/status.tsx';
import { Transcript } from './transcript.tsx';

interface StepPanelProps {
  readonly id: string;
  /** As the run shows it; undefined for a step that it does not have. */
  readonly row: StepRow | undefined;
  /** Address of the step in the API. */
  readonly address: string;
  readonly namedDatabase: string | null;
  /** The content that the server has rendered; null if the step was opened later. */
  readonly first: StepView | null;
  /** Number of pieces of evidence of the run: more of it may be of this step. */
  readonly evidence: number;
  close(): void;
}

/** One step in full, with its commands as they run. It takes the focus when it is opened. */
export function StepPanel({ id, row, address, namedDatabase, first, evidence, close }: StepPanelProps) {
  const version = `${row?.status} ${row?.attempts} ${row?.durationMs} ${evidence}`;
  const { content: step, problem } = useRead(`${address}/view`, version, first);
  const heading = useRef<{ focus(): void } | null>(null);
  useLayoutEffect(() => heading.current?.focus(), []);
  const status = row?.status ?? step?.status;
  return (
    <section class="step" aria-labelledby="step">
      <header>
        <h2
          id="step"
          tabIndex={-1}
          ref={(element: { focus(): void } | null) => {
            heading.current = element;
          }}
        >
          {displayedText(id)}
        </h2>
        {status === undefined ? null : <Status status={status} />}
        <button type="button" onClick={close}>
          Close
        </button>
      </header>
      {problem === null ? null : <p role="alert">{problem}</p>}
      {step === null ? (
        <p class="quiet">{problem === null ? 'Reading the step.' : ''}</p>
      ) : (
        <Details step={step} address={address} namedDatabase={namedDatabase} />
      )}
    </section>
  );
}

interface DetailsProps extends Pick<StepPanelProps, 'address' | 'namedDatabase'> {
  readonly step: StepView;
}

function Details({ step, address, namedDatabase }: DetailsProps) {
  const { kind, stage, startedAt, finishedAt, durationMs, error, attempts, changes, input, output } = step;
  return (
    <>
      <p class="quiet">
        <code>{kind}</code> in {stage}, <Moment at={startedAt} />
        {durationMs === null ? '' : `, took ${durationText(durationMs)}`}
        {finishedAt === null && durationMs === null ? ', not finished' : ''}
      </p>
      {error === null ? null : <ErrorText error={error} namedDatabase={namedDatabase} />}
      <h3>Commands</h3>
      <Transcript commands={step.commands} omittedCommands={step.omittedCommands} whole={`${address}/transcript.txt`} />
      {attempts.length < 2 ? null : <Attempts attempts={attempts} />}
      {changes.length === 0 ? null : <h3>Changes</h3>}
      {changes.map((change) => (
        <StepChange key={change.seq} change={change} address={address} />
      ))}
      <Folded title="Output" text={output} whole={address} />
      <Folded title="Input" text={input} whole={address} />
    </>
  );
}

interface FoldedProps {
  readonly title: string;
  readonly text: StepView['output'];
  readonly whole: string;
}

/** A longer text is folded. */
const MOST_SHOWN = 600;

function Folded({ title, text, whole }: FoldedProps) {
  if (text === null) return null;
  return (
    <details open={text.text.length <= MOST_SHOWN}>
      <summary>{title}</summary>
      <CutTextBlock {...text} whole={whole} />
    </details>
  );
}

function Attempts({ attempts }: Pick<StepView, 'attempts'>) {
  return (
    <DataTable
      caption="Attempts"
      columns={['#', 'Outcome', 'Took', 'Next at', 'Error']}
      rows={attempts.map(({ attempt, outcome, durationMs, retryAt, error }) => [
        attempt,
        <Status status={outcome} />,
        durationText(durationMs),
        <Moment at={retryAt} />,
        error === null ? '' : `${error.code}: ${error.message}`,
      ])}
    />
  );
}

interface StepChangeProps {
  readonly change: StepView['changes'][number];
  readonly address: string;
}

function StepChange({ change, address }: StepChangeProps) {
  const { seq, target, title, status, reason, undo, record, history } = change;
  return (
    <div class="change">
      <p>
        <a href="#ledger">{`change ${seq}`}</a> {changeName({ title, target })} <Status status={status} />
        {reason === null ? '' : ` (${reason})`}
      </p>
      <ol class="moments quiet">
        {history.map(({ at, status: then, reason: why }, index) => (
          <li key={index}>
            <time dateTime={at}>{`${at.slice(11, 23)} UTC`}</time> {then}
            {why === null ? '' : `: ${why}`}
          </li>
        ))}
      </ol>
      <details>
        <summary>Undo by hand, and record</summary>
        {undo.length === 0 ? <p>Nothing to type: it vanishes with another change.</p> : null}
        <ul class="undo">
          {undo.map((line) => (
            <li key={line}>
              <Command line={line} />
            </li>
          ))}
        </ul>
        <CutTextBlock {...record} whole={address} />
      </details>
    </div>
  );
}
