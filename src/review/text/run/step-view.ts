import { onHostName } from '../../../engine/model/on-host-name.ts';
import type { StoredEvidence, StoredStep } from '../../../engine/ports/history.ts';
import { changeName } from '../../changes/change-name.ts';
import type { RunMaterial } from '../../record/run-material.ts';
import type { RunRecord } from '../../record/run-record.ts';
import { type StepAttempt, stepAttempts } from '../../record/steps/step-attempts.ts';
import type { ChangeDetail, StepDetail } from '../../record/steps/step-detail.ts';
import { timelineOf } from '../../timeline/timeline.ts';
import { errorLines } from '../error-text.ts';
import { durationText, momentText } from '../format/duration.ts';
import { jsonLines } from '../format/json-lines.ts';
import { oneLine } from '../format/plain-text.ts';
import { type Column, tableLines } from '../format/table.ts';
import { statusPaint, type TextStyle } from '../format/text-style.ts';
import { transcriptLines } from './transcript.ts';

const LABEL_WIDTH = 12;

/** Returns the output of `wf show RUN STEP`: all details of one step. */
export function stepViewLines(
  detail: StepDetail,
  { material, record, step, evidence, now }: StepViewMaterial,
  style: TextStyle,
): readonly string[] {
  const { colors } = style;
  const { offsetAt } = timelineOf(material.journal, record.status, now);
  const attempts = stepAttempts(material.journal, record.status).get(step.id) ?? [];
  const field = (label: string, text: string) => `  ${colors.dim(label.padEnd(LABEL_WIDTH))}${oneLine(text)}`;
  const took = detail.durationMs === null ? '' : `, took ${durationText(detail.durationMs)}`;
  const sections: (readonly string[])[] = [
    [
      `${colors.bold(oneLine(detail.id))}  ${oneLine(onHostName(detail.host, detail.kind))}  ${statusPaint(style, detail.status)(detail.status)}`,
      field('run', `${detail.run} of ${detail.workflow} (${record.status})`),
      field('stage', detail.stage),
      field('started', `${momentText(step.startedAt)}, ${durationText(offsetAt(step.startedAt))} into the run${took}`),
    ],
  ];
  const section = (title: string, lines: readonly string[]) => {
    if (lines.length > 0) sections.push([colors.bold(title), ...lines]);
  };
  if (detail.error !== null) sections.push(errorLines(detail.error, style));
  section('input', detail.input === null ? [] : jsonLines(detail.input, '  '));
  section('output', detail.output === null ? [] : jsonLines(detail.output, '  '));
  section('attempts', attemptLines(attempts, offsetAt, style));
  for (const change of detail.changes) section(changeTitle(change, style), changeLines(change, offsetAt, style));
  section('evidence', transcriptLines([step], evidence, style, new Map([[step.id, attempts]])));
  return sections.flatMap((lines, index) => (index === 0 ? lines : ['', ...lines]));
}

/** The material of the view, beside the details. */
export interface StepViewMaterial {
  readonly material: RunMaterial;
  readonly record: RunRecord;
  readonly step: StoredStep;
  /** The evidence of this step. */
  readonly evidence: readonly StoredEvidence[];
  readonly now: number;
}

type OffsetAt = (at: number) => number;

const ATTEMPT_COLUMNS: readonly Column[] = [
  { title: '#', align: 'right' },
  { title: 'at', align: 'right' },
  { title: 'time', align: 'right' },
  { title: 'outcome' },
  { title: 'retry', align: 'right' },
  { title: 'error', shrinksTo: 20 },
];

function attemptLines(attempts: readonly StepAttempt[], offsetAt: OffsetAt, style: TextStyle): readonly string[] {
  const rows = attempts.map(({ attempt, outcome, startedAt, finishedAt, error, retryAt }) => [
    String(attempt),
    into(offsetAt(startedAt)),
    durationText(finishedAt === null ? null : Math.max(0, finishedAt - startedAt)),
    { text: outcome, paint: statusPaint(style, outcome) },
    retryAt === null ? '-' : `at ${into(offsetAt(retryAt))}`,
    error === null ? '' : `${error.code}: ${error.message}`,
  ]);
  return rows.length === 0 ? [] : tableLines(ATTEMPT_COLUMNS, rows, style, '  ');
}

function changeTitle({ seq, target, title, status }: ChangeDetail, style: TextStyle): string {
  return `change ${seq}: ${oneLine(changeName({ title, target }))} ${style.colors.dim('(')}${statusPaint(style, status)(status)}${style.colors.dim(')')}`;
}

function changeLines(change: ChangeDetail, offsetAt: OffsetAt, { colors }: TextStyle): readonly string[] {
  const moments = change.history.map(({ at, status, reason }) => {
    const why = reason === null ? '' : `: ${oneLine(reason)}`;
    return `  ${into(offsetAt(Date.parse(at))).padStart(LABEL_WIDTH - 2)}  ${status}${why}`;
  });
  const undo =
    change.undo.length === 0 ? 'nothing to type: it vanishes with another change' : oneLine(change.undo.join(' && '));
  return [
    ...moments,
    `  ${colors.dim('undo'.padEnd(LABEL_WIDTH))}${undo}`,
    `  ${colors.dim('record')}`,
    ...jsonLines(change.record, '    '),
  ];
}

/** Returns the time since the start of the run: `+3.1 s`. */
function into(ms: number): string {
  return `+${durationText(ms)}`;
}
