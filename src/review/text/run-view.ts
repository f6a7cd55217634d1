import { asStepId } from '../../engine/ids.ts';
import { interruptedAttempts } from '../interrupted-attempts.ts';
import type { RunMaterial } from '../run-material.ts';
import type { RunRecord, StepRecord } from '../run-record.ts';
import type { StageRecord } from '../stage-record.ts';
import { courseLines } from './course-text.ts';
import { durationText, momentText, relativeTimeText } from './duration.ts';
import { errorLines } from './error-text.ts';
import { ledgerLines, ledgerWords, remainingLines } from './ledger-text.ts';
import { outputWords } from './output-words.ts';
import { counted, oneLine, wrapWords } from './plain-text.ts';
import { type ProofsTold, proofLines } from './proof-text.ts';
import { type Cell, type Column, tableLines } from './table.ts';
import { statusPaint, type TextStyle } from './text-style.ts';
import { differenceLines, verificationWords } from './verification-text.ts';

const LABEL_WIDTH = 12;
const BAR_WIDTH = 24;

/** What `wf show` prints of one run. */
export function runViewLines(
  material: RunMaterial,
  record: RunRecord,
  proofs: ProofsTold | undefined,
  now: number,
  style: TextStyle,
): readonly string[] {
  const sections: (readonly string[])[] = [headerLines(material, record, now, style)];
  const section = (title: string, lines: readonly string[]) => {
    if (lines.length > 0) sections.push([style.colors.bold(title), ...lines]);
  };
  if (record.error !== null) sections.push(errorLines(record.error, style));
  section('course', courseLines(material.journal, record.status, style));
  section('stages', stageLines(record, style));
  section('steps', record.steps.length === 0 ? [] : stepLines(material, record, style));
  sections.push([
    style.colors.bold(ledgerWords(material.changes)),
    ...(material.changes.length === 0 ? [] : ledgerLines(material.changes, style, '  ')),
  ]);
  sections.push(remainingLines(material.changes, style));
  sections.push([
    `${style.colors.bold('host')}: ${verificationWords(record.verification)}`,
    ...differenceLines(record.verification, style, '  '),
  ]);
  if (proofs !== undefined) section('proven', proofLines(proofs, style));
  return sections.filter((lines) => lines.length > 0).flatMap((lines, index) => (index === 0 ? lines : ['', ...lines]));
}

function headerLines({ run }: RunMaterial, record: RunRecord, now: number, style: TextStyle): readonly string[] {
  const { colors } = style;
  const field = (label: string, text: string) => `  ${colors.dim(label.padEnd(LABEL_WIDTH))}${text}`;
  const inputs = Object.entries(record.input).map(([key, value]) => `${key}=${oneLine(inputText(value))}`);
  const room = style.width === null ? null : style.width - LABEL_WIDTH - 2;
  const inputLines = wrapWords(inputs, room, '  ');
  return [
    `${colors.bold(record.id)}  ${record.workflow}  ${statusPaint(style, record.status)(record.status)}`,
    field('started', run.startedAt === null ? 'not yet' : timing(run.startedAt, record, now)),
    field('runtime', record.runtime),
    field('definition', record.definitionHash.slice(0, 12)),
    ...inputLines.map((line, index) => field(index === 0 ? 'input' : '', line)),
  ];
}

function timing(startedAt: number, record: RunRecord, now: number): string {
  const took = record.durationMs === null ? '' : `, took ${durationText(record.durationMs)}`;
  return `${momentText(startedAt)} (${relativeTimeText(startedAt, now)})${took}`;
}

function inputText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function stageLines({ stages, steps }: RunRecord, style: TextStyle): readonly string[] {
  const longest = Math.max(0, ...stages.map((stage) => stage.durationMs ?? 0));
  const rows = stages.map((stage): readonly Cell[] => [
    stage.name,
    { text: stage.status, paint: statusPaint(style, stage.status) },
    durationText(stage.durationMs),
    counted(steps.filter((step) => step.stage === stage.name).length, 'step'),
    { text: bar(stage, longest), paint: style.colors.cyan },
  ]);
  const columns: readonly Column[] = [
    { title: '', shrinksTo: 12 },
    { title: '' },
    { title: '', align: 'right' },
    { title: '', align: 'right' },
    { title: '', shrinksTo: 4 },
  ];
  return rows.length === 0 ? [] : tableLines(columns, rows, style, '  ').slice(1);
}

function bar({ durationMs }: StageRecord, longest: number): string {
  if (durationMs === null || longest === 0) return '';
  return '█'.repeat(Math.max(1, Math.round((durationMs / longest) * BAR_WIDTH)));
}

/** One table over all steps, so that its columns stand below each other, with each stage's name above its steps. */
function stepLines({ journal }: RunMaterial, { steps, status }: RunRecord, style: TextStyle): readonly string[] {
  const interrupted = interruptedAttempts(journal, status);
  const columns: readonly Column[] = [
    { title: 'step', shrinksTo: 14 },
    { title: 'kind', shrinksTo: 10 },
    { title: 'status' },
    { title: 'tries', align: 'right' },
    { title: 'time', align: 'right' },
    { title: 'result', shrinksTo: 8 },
  ];
  const rows = steps.map((step): readonly Cell[] => [
    step.id,
    step.kind,
    { text: step.status, paint: statusPaint(style, step.status) },
    String(step.attempts),
    durationText(step.durationMs),
    resultCell(step, interrupted.get(asStepId(step.id)) ?? [], style),
  ]);
  const [titles = '', ...lines] = tableLines(columns, rows, style, '    ');
  const grouped = lines.flatMap((line, index) => {
    const stage = steps[index]?.stage ?? '';
    return stage === steps[index - 1]?.stage ? [line] : [`  ${stage}`, line];
  });
  return [titles, ...grouped];
}

function resultCell({ error, output }: StepRecord, interrupted: readonly number[], { colors }: TextStyle): Cell {
  const cutOff = interrupted.length === 0 ? [] : [`attempt ${interrupted.join(', ')} interrupted`];
  if (error !== null) return { text: [...cutOff, `${error.code}: ${error.message}`].join('; '), paint: colors.red };
  const told = outputWords(output);
  return [...cutOff, ...(told === '' ? [] : [told])].join('; ');
}
