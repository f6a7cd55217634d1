import type { Change, Verification } from '../../engine/model/change.ts';
import type { JournalEntry } from '../../engine/model/journal-event.ts';
import { isJsonObject, type Json } from '../../engine/model/json.ts';
import type { HistoryPort, StoredRun, StoredStep } from '../../engine/ports/history.ts';

/** The content of the history about one run, without evidence. */
export interface RunMaterial {
  readonly run: StoredRun;
  /** In the order of the definition; empty if the definition does not list them. */
  readonly stageNames: readonly string[];
  /** Final states inside other states, as paths joined by dots; empty if the definition does not list them. */
  readonly innerEnds: ReadonlySet<string>;
  readonly journal: readonly JournalEntry[];
  /** The JSON schemas of the data of events, by type; null if the definition lists none. */
  readonly eventSchemas: Json;
  readonly steps: readonly StoredStep[];
  readonly changes: readonly Change[];
  readonly verification: Verification | undefined;
}

type RunSource = Pick<HistoryPort, 'definition' | 'journal' | 'steps' | 'changes' | 'verification'>;

/** Reads the content of the history about a run. @param journal if it was read already @throws WfError E_DATABASE* */
export function readRunMaterial(
  history: RunSource,
  run: StoredRun,
  journal: readonly JournalEntry[] = history.journal(run.id),
): RunMaterial {
  const description = history.definition(run.definitionHash);
  return {
    run,
    stageNames: stageNamesOf(description),
    innerEnds: innerEndsOf(description),
    journal,
    eventSchemas: memberOf(description, 'events') ?? null,
    steps: history.steps(run.id),
    changes: history.changes(run.id),
    verification: history.verification(run.id),
  };
}

/** Reads only the part that determines what a run waits for. @throws WfError E_DATABASE* */
export function readWaitMaterial(
  history: Pick<RunSource, 'definition' | 'journal'>,
  run: StoredRun,
): Pick<RunMaterial, 'journal' | 'eventSchemas'> {
  return {
    journal: history.journal(run.id),
    eventSchemas: memberOf(history.definition(run.definitionHash), 'events') ?? null,
  };
}

/** Returns the stages in the description of a definition, in order; empty if it lists none. */
export function stageNamesOf(description: Json | undefined): readonly string[] {
  if (description === undefined || !isJsonObject(description)) return [];
  const stages = description['stages'];
  return Array.isArray(stages) ? stages.filter((name): name is string => typeof name === 'string') : [];
}

function innerEndsOf(description: Json | undefined): ReadonlySet<string> {
  const config = memberOf(memberOf(description, 'machine'), 'config');
  const below = (state: Json | undefined, path: readonly string[]): readonly string[] => {
    const states = memberOf(state, 'states');
    if (!isJsonObject(states)) return path.length > 1 && memberOf(state, 'type') === 'final' ? [path.join('.')] : [];
    return Object.entries(states).flatMap(([name, inner]) => below(inner, [...path, name]));
  };
  return new Set(below(config, []));
}

function memberOf(value: Json | undefined, name: string): Json | undefined {
  return value !== undefined && isJsonObject(value) ? value[name] : undefined;
}

/** Returns the invoke ids of the steps in the description of a definition; empty if it lists none. */
export function invokeIdsOf(description: Json | undefined): readonly string[] {
  const runners = isJsonObject(description) ? description['runners'] : undefined;
  return isJsonObject(runners) ? Object.keys(runners) : [];
}
