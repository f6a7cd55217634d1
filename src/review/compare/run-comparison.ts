import { type ErrorRecord, WfError } from '../../engine/model/errors.ts';
import type { Json } from '../../engine/model/json.ts';
import type { HistoryPort, StoredRun } from '../../engine/ports/history.ts';
import type { RunMaterial } from '../record/run-material.ts';
import { type RunRecord, type RunSummary, runSummary, type StepRecord } from '../record/run-record.ts';
import type { IsAlive } from '../record/run-status.ts';
import { statePath, statesOnPath } from '../timeline/state-path.ts';
import { createRelevanceJudge, type Relevance, type RelevanceJudge } from './difference-relevance.ts';
import { type MemberDifference, memberDifferences } from './member-differences.ts';

/** The output of `wf diff RUN OTHER --json`: the differences of two runs of one workflow. Durations are in milliseconds. */
export interface RunComparison {
  readonly workflow: string;
  readonly first: RunSummary;
  readonly second: RunSummary;
  readonly definition: {
    readonly equal: boolean;
    /** In words; empty if the definitions are equal, or one of them is unknown. */
    readonly differences: readonly string[];
  };
  readonly inputs: readonly MemberDifference[];
  /** States that only one run has entered, as paths joined by dots. */
  readonly path: OnlyOne;
  /** Ids of steps that only one run has. */
  readonly steps: OnlyOne;
  /** Different outcomes of the runs (`step` null), and of steps that both have. */
  readonly outcomes: readonly OutcomeDifference[];
  /** Different outputs of steps that both have, and of the machines (`step` null). */
  readonly outputs: readonly OutputDifference[];
  readonly timings: Timings;
}

/** Items that only one of two runs has. */
export interface OnlyOne {
  readonly onlyFirst: readonly string[];
  readonly onlySecond: readonly string[];
}

export interface Outcome {
  readonly status: string;
  /** Null for a run. */
  readonly attempts: number | null;
  readonly error: ErrorRecord | null;
}

export interface OutcomeDifference {
  readonly step: string | null;
  readonly first: Outcome;
  readonly second: Outcome;
}

export interface OutputDifference extends MemberDifference {
  readonly step: string | null;
  /** Its relevance, given the differences before it. */
  readonly relevance: Relevance;
}

export interface Timing {
  readonly first: number | null;
  readonly second: number | null;
  /** The second divided by the first; null if it is undefined. */
  readonly ratio: number | null;
}

export interface Timings {
  readonly run: Timing;
  readonly stages: readonly (Timing & { readonly stage: string })[];
  readonly steps: readonly (Timing & { readonly step: string; readonly stage: string })[];
}

/** One of two runs. */
export interface ComparedRun {
  readonly material: RunMaterial;
  readonly record: RunRecord;
}

/** Returns the differences of two definitions in words. */
type DefinitionDifferences = (first: Json, second: Json) => readonly string[];

/** Compares two runs of one workflow. @throws WfError E_USAGE if they are one run, or of two workflows */
export function compareRuns(
  history: Pick<HistoryPort, 'definition'>,
  first: ComparedRun,
  second: ComparedRun,
  definitionDifferences: DefinitionDifferences,
  isAlive: IsAlive,
): RunComparison {
  requireComparable(first.material.run, second.material.run);
  const [one, other] = [first.record, second.record];
  const both = one.steps.flatMap((step) => {
    const same = other.steps.find(({ id }) => id === step.id);
    return same === undefined ? [] : [[step, same] as const];
  });
  const inputs = memberDifferences(one.input, other.input);
  const judge = createRelevanceJudge([one.id, other.id]);
  for (const input of inputs) judge.judge(input);
  return {
    workflow: one.workflow,
    first: runSummary(first.material.run, isAlive, () => first.material),
    second: runSummary(second.material.run, isAlive, () => second.material),
    definition: {
      equal: one.definitionHash === other.definitionHash,
      differences: differencesOf(history, first, second, definitionDifferences),
    },
    inputs,
    path: onlyOne(statesOf(first), statesOf(second)),
    steps: onlyOne(idsOf(one.steps), idsOf(other.steps)),
    outcomes: [
      ...outcomeDifference(null, { ...one, attempts: null }, { ...other, attempts: null }),
      ...both.flatMap(([step, same]) => outcomeDifference(step.id, step, same)),
    ],
    outputs: [
      ...both.flatMap(([step, same]) => outputDifferences(step.id, step.output, same.output, judge)),
      ...outputDifferences(null, first.material.run.output, second.material.run.output, judge),
    ],
    timings: timingsOf(one, other),
  };
}

function requireComparable(first: StoredRun, second: StoredRun): void {
  if (first.id === second.id) {
    throw new WfError('E_USAGE', `cannot compare run ${first.id} with itself`, {
      hint: `See what it changed on the host with \`wf diff ${first.id}\`, or choose another run from \`wf runs --workflow ${first.workflow}\`.`,
    });
  }
  if (first.workflow === second.workflow) return;
  throw new WfError(
    'E_USAGE',
    `cannot compare run ${first.id} of ${first.workflow} with run ${second.id} of ${second.workflow}`,
    { hint: `Choose two runs of one workflow from \`wf runs --workflow ${first.workflow}\`.` },
  );
}

function differencesOf(
  history: Pick<HistoryPort, 'definition'>,
  first: ComparedRun,
  second: ComparedRun,
  definitionDifferences: DefinitionDifferences,
): readonly string[] {
  const [one, other] = [first, second].map(({ material }) => history.definition(material.run.definitionHash));
  return one === undefined || other === undefined ? [] : definitionDifferences(one, other);
}

function onlyOne(first: ReadonlySet<string>, second: ReadonlySet<string>): OnlyOne {
  return {
    onlyFirst: [...first].filter((item) => !second.has(item)),
    onlySecond: [...second].filter((item) => !first.has(item)),
  };
}

function statesOf({ material }: ComparedRun): ReadonlySet<string> {
  return statesOnPath(statePath(material));
}

function idsOf(steps: readonly StepRecord[]): ReadonlySet<string> {
  return new Set(steps.map(({ id }) => id));
}

function outcomeDifference(step: string | null, first: Outcome, second: Outcome): readonly OutcomeDifference[] {
  const same =
    first.status === second.status &&
    first.attempts === second.attempts &&
    first.error?.code === second.error?.code &&
    first.error?.message === second.error?.message;
  return same ? [] : [{ step, first: outcomeOf(first), second: outcomeOf(second) }];
}

function outcomeOf({ status, attempts, error }: Outcome): Outcome {
  return { status, attempts, error };
}

function outputDifferences(
  step: string | null,
  first: Json,
  second: Json,
  { judge }: RelevanceJudge,
): readonly OutputDifference[] {
  // A missing output belongs to the outcome.
  if (first === null || second === null) return [];
  return memberDifferences(first, second).map((found) => ({ step, ...found, relevance: judge(found) }));
}

function timingsOf(first: RunRecord, second: RunRecord): Timings {
  const stages = new Set([...first.stages, ...second.stages].map(({ name }) => name));
  const steps = new Map([...second.steps, ...first.steps].map(({ id, stage }) => [id, stage]));
  const inOrder = [...idsOf([...first.steps, ...second.steps])];
  return {
    run: timing(first.durationMs, second.durationMs),
    stages: [...stages].map((stage) => ({ stage, ...timing(stageMs(first, stage), stageMs(second, stage)) })),
    steps: inOrder.map((step) => ({
      step,
      stage: steps.get(step) ?? '',
      ...timing(stepMs(first, step), stepMs(second, step)),
    })),
  };
}

function stageMs({ stages }: RunRecord, stage: string): number | null {
  return stages.find(({ name }) => name === stage)?.durationMs ?? null;
}

function stepMs({ steps }: RunRecord, step: string): number | null {
  return steps.find(({ id }) => id === step)?.durationMs ?? null;
}

function timing(first: number | null, second: number | null): Timing {
  const ratio = first === null || second === null || first === 0 ? null : Math.round((second / first) * 100) / 100;
  return { first, second, ratio };
}
