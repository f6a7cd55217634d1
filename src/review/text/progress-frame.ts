import type { StepId } from '../../engine/model/ids.ts';
import type { StageVisit } from '../record/steps/stage-visits.ts';
import { advancedMs } from '../timeline/idle-time.ts';
import type { Progress, StepProgress } from '../timeline/progress.ts';
import { durationText } from './format/duration.ts';
import { counted, cut, oneLine, pad, sanitized, widthOf } from './format/plain-text.ts';
import type { Paint, TextStyle } from './format/text-style.ts';
import { pausedWords } from './progress-line.ts';

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

export interface FrameMaterial {
  readonly progress: Progress;
  /** In the order of the definition; other stages that the machine enters follow. */
  readonly stageNames: readonly string[];
  /** The last note of each step that has one. */
  readonly notes: ReadonlyMap<StepId, string>;
  readonly now: number;
  /** Number of the frame, which turns the spinner. */
  readonly frame: number;
  /** Lines of the terminal. */
  readonly height: number;
}

/**
 * Returns one frame of the live view: a line for each stage; the steps of active stages, the latest ones if not all fit; then the activity
 * of the engine if no step is running. No line is wider than the terminal.
 */
export function progressFrame(material: FrameMaterial, style: TextStyle): readonly string[] {
  const { progress, stageNames } = material;
  // The last decision enters a final state, which is no stage: it has no steps, and the definition does not list it.
  const seen = [...progress.visits.keys()].filter((name) => stageNames.includes(name) || hasSteps(progress, name));
  const names = [...new Set([...stageNames, ...seen])];
  const active = names.filter((name) => isOpen(progress, name));
  const room = Math.max(3, Math.floor((material.height - names.length - 3) / Math.max(1, active.length)));
  const nameWidth = Math.max(0, ...names.map(widthOf));
  const lines = names.flatMap((name) => [
    stageLine(name, nameWidth, material, style),
    ...stepLines(active.includes(name) ? stepsOf(progress, name) : failedSteps(progress, name), room, material, style),
  ]);
  const doing = engineLine(material, style);
  return doing === undefined ? lines : [...lines, doing];
}

function stageLine(name: string, nameWidth: number, material: FrameMaterial, style: TextStyle): string {
  const { colors } = style;
  const visit = material.progress.visits.get(name);
  const padded = pad(name, nameWidth);
  if (visit === undefined)
    return lineOf(
      [
        ['  ', String],
        [padded, colors.dim],
      ],
      style,
    );
  const steps = stepsOf(material.progress, name);
  if (isDue(material.progress, visit))
    return lineOf(
      [
        ['  ', String],
        [padded, colors.dim],
      ],
      style,
    );
  const mark = stageMark(visit, material, style);
  const time = visit.active ? visit.durationMs + elapsed(visit, material) : visit.durationMs;
  const tail = `  ${durationText(time)}  ${counted(steps.length, 'step')}`;
  return lineOf([mark, [' ', String], [padded, colors.bold], [tail, colors.dim]], style);
}

function stageMark(visit: StageVisit, material: FrameMaterial, { colors }: TextStyle): Part {
  if (isOpen(material.progress, visit.name)) return [spinner(material), colors.cyan];
  if (visit.leftByFailure || (visit.active && failedSteps(material.progress, visit.name).length > 0)) {
    return ['✗', colors.red];
  }
  return visit.active && material.progress.phase === 'interrupted' ? ['!', colors.yellow] : ['✓', colors.green];
}

function stepLines(
  steps: readonly StepProgress[],
  room: number,
  material: FrameMaterial,
  style: TextStyle,
): readonly string[] {
  const shown = steps.length > room ? steps.slice(steps.length - (room - 1)) : steps;
  const omitted = steps.length - shown.length;
  const idWidth = Math.max(0, ...shown.map((step) => widthOf(step.id)));
  const kindWidth = Math.max(0, ...shown.map((step) => widthOf(step.kind)));
  const earlier = omitted === 0 ? [] : [lineOf([[`    ${counted(omitted, 'earlier step')}`, style.colors.dim]], style)];
  return [...earlier, ...shown.map((step) => stepLine(step, idWidth, kindWidth, material, style))];
}

function stepLine(
  step: StepProgress,
  idWidth: number,
  kindWidth: number,
  material: FrameMaterial,
  style: TextStyle,
): string {
  const { colors } = style;
  const until = step.finishedAt ?? material.now;
  const took = durationText(
    step.status === 'pending' ? null : advancedMs(step.startedAt, until, material.progress.idle),
  );
  return lineOf(
    [
      ['  ', String],
      stepMark(step, material, style),
      [` ${pad(step.id, idWidth)}`, String],
      [`  ${pad(step.kind, kindWidth)}  ${pad(took, 7, 'right')}`, colors.dim],
      stepRemark(step, material, style),
    ],
    style,
  );
}

function stepMark(step: StepProgress, material: FrameMaterial, { colors }: TextStyle): Part {
  switch (step.status) {
    case 'pending':
      return ['·', colors.dim];
    case 'interrupted':
      return ['!', colors.yellow];
    case 'running':
    case 'retrying':
      return [spinner(material), colors.cyan];
    case 'succeeded':
      return ['✓', colors.green];
    case 'failed':
      return ['✗', colors.red];
    case 'stopped':
      return ['-', colors.dim];
  }
}

function stepRemark(step: StepProgress, { notes }: FrameMaterial, { colors }: TextStyle): Part {
  if (step.error !== null && step.status !== 'succeeded') {
    const paint = step.status === 'failed' ? colors.red : colors.yellow;
    return [`  ${step.error.code}: ${oneLine(step.error.message)}`, paint];
  }
  const note = step.status === 'running' ? notes.get(step.id) : undefined;
  return [note === undefined ? '' : `  ${oneLine(note)}`, colors.dim];
}

function engineLine(material: FrameMaterial, style: TextStyle): string | undefined {
  const { phase, changes, steps, pausedAfter } = material.progress;
  const doing = (text: string) =>
    lineOf(
      [
        [spinner(material), style.colors.cyan],
        [` ${text}`, String],
      ],
      style,
    );
  switch (phase) {
    case 'rolling-back': {
      const undone = [...changes.values()].filter(({ status }) => status === 'reverted' || status === 'gone').length;
      return doing(`rolling back: ${undone} of ${counted(changes.size, 'change')} undone`);
    }
    case 'advancing':
      return [...steps.values()].some(isUnfinished) ? undefined : doing('checking the host');
    case 'waiting':
      return doing('waiting');
    case 'unconfirmed':
      return doing('waiting for a confirmation');
    case 'paused':
      return lineOf([[pausedWords(pausedAfter), style.colors.cyan]], style);
    case 'interrupted':
      return lineOf([['interrupted', style.colors.yellow]], style);
    default:
      return undefined;
  }
}

/** Whether a stage is in progress: the machine of a run that has ended or rolls back stays in its last state. */
function isOpen({ visits, phase }: Progress, name: string): boolean {
  return (visits.get(name)?.active ?? false) && (phase === 'advancing' || phase === 'waiting');
}

/** Whether the run stopped after its machine entered the stage, and before any of its steps began. */
function isDue(progress: Progress, { name, active, enteredAt }: StageVisit): boolean {
  if (!active || (progress.phase !== 'paused' && progress.phase !== 'interrupted')) return false;
  const own = stepsOf(progress, name).filter((step) => step.startedAt >= enteredAt);
  return own.length === 0 ? progress.phase === 'paused' : own.every(({ status }) => status === 'pending');
}

function elapsed(visit: StageVisit, { progress, now }: FrameMaterial): number {
  const ends = stepsOf(progress, visit.name).map((step) => step.finishedAt ?? now);
  const end = isOpen(progress, visit.name) ? now : Math.max(visit.enteredAt, ...ends);
  return advancedMs(visit.enteredAt, end, progress.idle);
}

function stepsOf({ steps }: Progress, stage: string): readonly StepProgress[] {
  return [...steps.values()].filter((step) => step.stage === stage);
}

function hasSteps(progress: Progress, stage: string): boolean {
  return stepsOf(progress, stage).length > 0;
}

function failedSteps(progress: Progress, stage: string): readonly StepProgress[] {
  return stepsOf(progress, stage).filter((step) => step.status === 'failed');
}

function isUnfinished({ status }: StepProgress): boolean {
  return status === 'running' || status === 'retrying';
}

function spinner({ frame }: FrameMaterial): string {
  return SPINNER[frame % SPINNER.length] ?? '';
}

type Part = readonly [text: string, paint: Paint];

/** Joins texts to one line: each is sanitized, measured and cut before it is painted. */
function lineOf(parts: readonly Part[], { width }: TextStyle): string {
  let room = width ?? Number.POSITIVE_INFINITY;
  let line = '';
  for (const [text, paint] of parts) {
    if (room <= 0) break;
    const shown = cut(sanitized(text).replaceAll('\n', ' '), Number.isFinite(room) ? room : null);
    line += paint(shown);
    room -= widthOf(shown);
  }
  return line.trimEnd();
}
