import type { Change, Verification } from '../../engine/model/change.ts';
import type { JournalEntry } from '../../engine/model/journal-event.ts';
import { isJsonObject, type Json } from '../../engine/model/json.ts';
import type { HistoryPort, StoredRun, StoredStep } from '../../engine/ports/history.ts';

/** All that the history holds of one run and that a person may want to read. */
export interface RunMaterial {
  readonly run: StoredRun;
  /** In the order of the definition; empty where the definition does not tell. */
  readonly stageNames: readonly string[];
  /** Final states inside other states, as paths joined by dots; empty where the definition does not tell. */
  readonly innerEnds: ReadonlySet<string>;
  readonly journal: readonly JournalEntry[];
  readonly steps: readonly StoredStep[];
  readonly changes: readonly Change[];
  readonly verification: Verification | undefined;
}

/** What of a history a run is read from. */
type RunSource = Pick<HistoryPort, 'definition' | 'journal' | 'steps' | 'changes' | 'verification'>;

/** Reads what the history holds of a run. @throws WfError E_DATABASE* */
export function readRunMaterial(history: RunSource, run: StoredRun): RunMaterial {
  const description = history.definition(run.definitionHash);
  return {
    run,
    stageNames: stageNamesOf(description),
    innerEnds: innerEndsOf(description),
    journal: history.journal(run.id),
    steps: history.steps(run.id),
    changes: history.changes(run.id),
    verification: history.verification(run.id),
  };
}

/** The stages that a definition's description lists under `stages`, in their order; empty where it does not. */
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

/** The ids under which a definition's description says that steps are invoked; empty where it does not. */
export function invokeIdsOf(description: Json | undefined): readonly string[] {
  const runners = isJsonObject(description) ? description['runners'] : undefined;
  return isJsonObject(runners) ? Object.keys(runners) : [];
}
