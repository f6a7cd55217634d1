import type { ErrorRecord } from '../../../engine/model/errors.ts';
import type { StepId } from '../../../engine/model/ids.ts';
import { onHostName } from '../../../engine/model/on-host-name.ts';
import type { StoredEvidence, StoredStep } from '../../../engine/ports/history.ts';
import { isOfRollback } from '../../record/evidence-record.ts';
import type { StepAttempt } from '../../record/steps/step-attempts.ts';
import { durationText } from '../format/duration.ts';
import { oneLine, sanitized } from '../format/plain-text.ts';
import type { TextStyle } from '../format/text-style.ts';

/** The members of a step that its title in a transcript needs. */
export type TranscriptStep = Pick<StoredStep, 'id' | 'stage' | 'kind' | 'host'>;

/**
 * Returns commands and their output as a terminal session, piece by piece, with a title for each stage, step and rollback. Output is
 * sanitized, never cut.
 */
export interface Transcript {
  /** @param step undefined if the history does not have it */
  command(step: TranscriptStep | undefined, evidence: StoredEvidence): readonly string[];
  /** Returns the failure of a step. @param attempt its number if a retry followed */
  failure(step: TranscriptStep, error: ErrorRecord, attempt: number | null): readonly string[];
}

export function createTranscript(style: TextStyle): Transcript {
  const { colors } = style;
  let chapter: string | undefined;
  let part: string | undefined;
  let attempt = 1;

  function titles(nextChapter: string, step: TranscriptStep | undefined): readonly string[] {
    const isFirst = chapter === undefined;
    const sameChapter = chapter === nextChapter;
    if (sameChapter && part === step?.id) return [];
    chapter = nextChapter;
    part = step?.id;
    attempt = 1;
    const gap = isFirst ? [] : [''];
    const chapterTitle = sameChapter ? [] : [colors.bold(`=== ${oneLine(nextChapter)} ===`), ''];
    const stepTitle =
      step === undefined
        ? []
        : [colors.cyan(`--- ${oneLine(step.id)} (${oneLine(onHostName(step.host, step.kind))}) ---`)];
    return [...gap, ...chapterTitle, ...stepTitle];
  }

  return {
    command(step, evidence) {
      const above = titles(isOfRollback(evidence) ? 'rollback' : (step?.stage ?? 'rollback'), step);
      const another = !isOfRollback(evidence) && evidence.attempt !== attempt;
      if (another) attempt = evidence.attempt;
      const attemptLine = another ? [colors.dim(`(attempt ${evidence.attempt})`)] : [];
      return [...above, ...attemptLine, ...commandLines(evidence, style)];
    },
    failure(step, { code, message }, failed) {
      const which = failed === null ? '' : `attempt ${failed}: `;
      return [...titles(step.stage, step), colors.red(`[${which}${code}: ${oneLine(message)}]`)];
    },
  };
}

/**
 * Returns the output of `wf logs` for these steps: their commands by stage and step, in the order in which they began, with the failures of
 * attempts; then the commands of the rollback.
 */
export function transcriptLines(
  steps: readonly StoredStep[],
  evidence: readonly StoredEvidence[],
  style: TextStyle,
  attempts: ReadonlyMap<StepId, readonly StepAttempt[]> = new Map(),
): readonly string[] {
  const transcript = createTranscript(style);
  const stepLines = steps.flatMap((step) => {
    const own = evidence.filter((item) => item.step === step.id && !isOfRollback(item));
    const tried = (attempts.get(step.id) ?? []).filter(({ error, retryAt }) => error !== null && retryAt !== null);
    const commands = (from: number, to: number) =>
      own.filter(({ attempt }) => attempt > from && attempt <= to).flatMap((item) => transcript.command(step, item));
    let last = 0;
    const earlier = tried.flatMap(({ attempt, error }) => {
      const lines = commands(last, attempt);
      last = attempt;
      return error === null ? lines : [...lines, ...transcript.failure(step, error, attempt)];
    });
    const rest = commands(last, Number.POSITIVE_INFINITY);
    return [...earlier, ...rest, ...(step.error === null ? [] : transcript.failure(step, step.error, null))];
  });
  const byId = new Map(steps.map((step) => [step.id, step]));
  const undone = evidence.filter(isOfRollback).flatMap((item) => transcript.command(byId.get(item.step), item));
  return [...stepLines, ...undone];
}

function commandLines(item: StoredEvidence, style: TextStyle): readonly string[] {
  const { colors } = style;
  return [`${colors.green('$')} ${colors.bold(oneLine(item.command))}`, ...outputLines(item), ending(item, style)];
}

function outputLines({ output }: StoredEvidence): readonly string[] {
  const text = sanitized(output).replace(/\n+$/, '');
  return text === '' ? [] : text.split('\n');
}

function ending({ exitCode, durationMs }: StoredEvidence, { colors }: TextStyle): string {
  const end = exitCode === null ? 'ended by its deadline' : `exit ${exitCode}`;
  const text = `[${end}, ${durationText(durationMs)}]`;
  return exitCode === 0 ? colors.dim(text) : colors.yellow(text);
}
