import type { Json } from '../../engine/model/json.ts';
import type { StoredRun } from '../../engine/ports/history.ts';
import type { HistoryReader } from '../../history/reader.ts';
import { findStep } from '../../review/query/find-step.ts';
import { readRunMaterial } from '../../review/record/run-material.ts';
import { runRecord } from '../../review/record/run-record.ts';
import { type IsAlive, runStatus } from '../../review/record/run-status.ts';
import { stepAttempts } from '../../review/record/steps/step-attempts.ts';
import { type ChangeDetail, type StepDetail, stepDetail } from '../../review/record/steps/step-detail.ts';
import { jsonLines } from '../../review/text/format/json-lines.ts';
import { oneLine, sanitized } from '../../review/text/format/plain-text.ts';
import { PLAIN_STYLE } from '../../review/text/format/text-style.ts';
import { transcriptLines } from '../../review/text/run/transcript.ts';
import { displayed } from './displayed.ts';

/** A step as its page shows it: texts of bounded length, as a terminal would show them. */
export interface StepView extends Omit<StepDetail, 'input' | 'output' | 'changes' | 'evidence'> {
  /** Null if the step has no input. */
  readonly input: CutText | null;
  readonly output: CutText | null;
  readonly changes: readonly ShownChange[];
  /** The last commands, in order. */
  readonly commands: readonly ShownCommand[];
  /** Number of earlier commands that are left out. */
  readonly omittedCommands: number;
}

/** The beginning of a text. */
export interface CutText {
  readonly text: string;
  /** Number of characters that follow. */
  readonly omitted: number;
}

interface ShownChange extends Omit<ChangeDetail, 'record'> {
  readonly record: CutText;
}

export interface ShownCommand {
  /** From 1; 0 for the undo of a change of the step. */
  readonly attempt: number;
  readonly command: string;
  readonly output: CutText;
  readonly exitCode: number | null;
  readonly startedAt: string;
  readonly durationMs: number;
}

const MOST_CHARACTERS = 8_000;
const MOST_COMMANDS = 100;

/** Returns what `wf show RUN STEP --json` prints. @throws WfError E_STEP_NOT_FOUND */
export function readStep(history: HistoryReader, run: StoredRun, id: string, isAlive: IsAlive): StepDetail {
  return history.atOneMoment(() => {
    const whole = readRunMaterial(history, run);
    const step = findStep(whole.steps, id, run.id);
    // A long run has thousands of others.
    const material = { ...whole, steps: [step], changes: whole.changes.filter((change) => change.step === step.id) };
    return stepDetail(material, runRecord(material, isAlive), step, history.evidence(run.id, step.id));
  });
}

/** Returns the same as a page shows it. @throws WfError E_STEP_NOT_FOUND */
export function stepView(history: HistoryReader, run: StoredRun, id: string, isAlive: IsAlive): StepView {
  const { input, output, changes, evidence, ...detail } = readStep(history, run, id, isAlive);
  const omittedCommands = Math.max(0, evidence.length - MOST_COMMANDS);
  return displayed({
    ...detail,
    input: jsonText(input),
    output: jsonText(output),
    changes: changes.map((change) => ({ ...change, record: cut(jsonLines(change.record).join('\n')) })),
    commands: evidence
      .slice(omittedCommands)
      .map(({ attempt, command, output: printed, exitCode, startedAt, durationMs }) => ({
        attempt,
        command: oneLine(command),
        output: cut(sanitized(printed).replace(/\n+$/, '')),
        exitCode,
        startedAt,
        durationMs,
      })),
    omittedCommands,
  });
}

/** Returns what `wf logs RUN STEP` prints. @throws WfError E_STEP_NOT_FOUND */
export function stepTranscript(history: HistoryReader, run: StoredRun, id: string, isAlive: IsAlive): string {
  const lines = history.atOneMoment(() => {
    const step = findStep(history.steps(run.id), id, run.id);
    const attempts = stepAttempts(history.journal(run.id), runStatus(run, isAlive));
    return transcriptLines([step], history.evidence(run.id, step.id), PLAIN_STYLE, attempts);
  });
  return lines.map((line) => `${line}\n`).join('');
}

function jsonText(value: Json): CutText | null {
  return value === null ? null : cut(jsonLines(value).join('\n'));
}

function cut(text: string): CutText {
  return { text: text.slice(0, MOST_CHARACTERS), omitted: Math.max(0, text.length - MOST_CHARACTERS) };
}
