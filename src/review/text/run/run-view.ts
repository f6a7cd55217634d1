import { armedIn } from '../../../engine/confirm/guard-step.ts';
import { commandLine } from '../../../engine/model/evidence.ts';
import type { ConfirmRule } from '../../../engine/model/journal-event.ts';
import type { RunMaterial } from '../../record/run-material.ts';
import { runProofs } from '../../record/run-proofs.ts';
import type { RunRecord } from '../../record/run-record.ts';
import { statePath } from '../../timeline/state-path.ts';
import { errorLines } from '../error-text.ts';
import { durationText, momentText, relativeTimeText } from '../format/duration.ts';
import { pathLines } from '../format/path-text.ts';
import { oneLine, wrapWords } from '../format/plain-text.ts';
import { statusPaint, type TextStyle } from '../format/text-style.ts';
import { lifecycleLines } from '../lifecycle-text.ts';
import { confirmWords } from '../plan/plan-text.ts';
import { ledgerLines, ledgerWords, remainingLines } from './ledger-text.ts';
import { proofLines } from './proof-text.ts';
import { timelineLines } from './timeline-text.ts';
import { firstDifferenceLines, hostWords } from './verification-text.ts';
import { waitingLines } from './waiting-text.ts';

const LABEL_WIDTH = 12;

/** Returns the output of `wf show` for one run. */
export function runViewLines(
  material: RunMaterial,
  record: RunRecord,
  now: number,
  style: TextStyle,
): readonly string[] {
  const sections: (readonly string[])[] = [headerLines(material, record, now, style)];
  const section = (title: string, lines: readonly string[]) => {
    if (lines.length > 0) sections.push([style.colors.bold(title), ...lines]);
  };
  if (record.error !== null) sections.push(errorLines(record.error, style));
  section('waiting for', waitingLines(record, style));
  section('lifecycle', lifecycleLines(material, record.status, style));
  section('path', pathLines(statePath(material), record, style));
  section('timeline', timelineLines(material, record, now, style));
  sections.push([
    style.colors.bold(ledgerWords(material.changes)),
    ...(material.changes.length === 0 ? [] : ledgerLines(material.changes, style, '  ')),
  ]);
  sections.push(remainingLines(material, style));
  sections.push([
    `${style.colors.bold('host')}: ${hostWords(record.verification, record.changes)}`,
    ...firstDifferenceLines(record.verification, record.id, style, '  '),
  ]);
  const proofs = runProofs(material.journal);
  if (proofs !== undefined) section('proven', proofLines(proofs, style));
  return sections.filter((lines) => lines.length > 0).flatMap((lines, index) => (index === 0 ? lines : ['', ...lines]));
}

/** Returns how the run has to be confirmed, and until when its steps must have ended. */
function confirmText(rule: ConfirmRule, journal: RunMaterial['journal']): string {
  const armed = armedIn(journal);
  return `${confirmWords(rule)}${armed === undefined ? '' : `; to be applied by ${momentText(armed.applyBy.at)}`}`;
}

function headerLines(
  { run, journal }: RunMaterial,
  record: RunRecord,
  now: number,
  style: TextStyle,
): readonly string[] {
  const { colors } = style;
  const field = (label: string, text: string) => `  ${colors.dim(label.padEnd(LABEL_WIDTH))}${text}`;
  const inputs = Object.entries(record.input).map(([key, value]) => `${key}=${oneLine(inputText(value))}`);
  const room = style.width === null ? null : style.width - LABEL_WIDTH - 2;
  const inputLines = wrapWords(inputs, room, '  ');
  return [
    `${colors.bold(record.id)}  ${record.workflow}  ${statusPaint(style, record.status)(record.status)}`,
    ...(run.importedFrom === null ? [] : [field('imported', `from ${oneLine(run.importedFrom)}, read-only`)]),
    ...(record.retryOf === undefined ? [] : [field('retry of', record.retryOf)]),
    ...(record.retriedAs === undefined ? [] : [field('retried as', record.retriedAs)]),
    field('started', run.startedAt === null ? 'not yet' : timing(run.startedAt, record, now)),
    ...(record.resume === undefined ? [] : [field('resume', 'by `wf agent` if its process ends early')]),
    ...(run.options.confirm === undefined ? [] : [field('confirm', confirmText(run.options.confirm, journal))]),
    ...(run.options.notify ? [field('notify', oneLine(commandLine(run.options.notify)))] : []),
    field('runtime', record.runtime),
    field('definition', record.definitionHash.slice(0, 12)),
    ...inputLines.map((line, index) => field(index === 0 ? 'input' : '', line)),
  ];
}

function timing(startedAt: number, record: RunRecord, now: number): string {
  const elapsed = record.durationMs === null ? '' : `, elapsed ${durationText(record.durationMs)}`;
  return `${momentText(startedAt)} (${relativeTimeText(startedAt, now)})${elapsed}`;
}

function inputText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
