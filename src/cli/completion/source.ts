import { findWorkflowFiles } from '../../definition/find-files.ts';
import { isJsonObject, type Json, type JsonObject } from '../../engine/model/json.ts';
import type { StoredRun } from '../../engine/ports/history.ts';
import type { HistoryReader } from '../../history/reader.ts';
import { isResumable, isRetriable, refusalOf } from '../../review/actions/allowed-actions.ts';
import { runStatus } from '../../review/record/run-status.ts';
import { findRun, LATEST } from '../arguments/find-run.ts';
import type { Services } from '../services/services.ts';
import type { Candidate, CompletionSource, KnownInput, StageOwner } from './complete.ts';

/** Most runs and plans that are offered; typing more narrows them down. */
const RUNS = 50;

/**
 * Reads the names from the history and the file names. Loads a workflow file only if no run of it has its stages and inputs,
 * because loading a file takes as long as starting it.
 */
export function completionSource(services: Services): CompletionSource {
  const isTakenBy = (command: string) => (run: StoredRun) => {
    if (command === 'resume') return isResumable(run, services.isAlive);
    if (command === 'retry') return isRetriable(run, services.isAlive);
    return command !== 'rollback' || refusalOf('rollback', run, services.isAlive) === undefined;
  };

  async function definitionOf({ workflow, run }: StageOwner): Promise<Json> {
    const history = await services.historyForReading();
    const known = run === undefined ? latestOf(history, workflow) : findRun(history, run).run;
    const described = known === undefined ? undefined : history?.definition(known.definitionHash);
    if (described !== undefined) return described;
    return workflow === undefined ? null : (await services.workflow(workflow)).definition.description;
  }

  return {
    async workflows() {
      return findWorkflowFiles(services.places.workflowFolders).map(({ name }) => ({
        value: name,
        description: 'workflow',
      }));
    },
    async runs(command, prefix) {
      const history = await services.historyForReading();
      const ids = history?.runIds(prefix.startsWith('@') ? '' : prefix, RUNS) ?? [];
      const [newest] = history?.runs({ limit: 1 }) ?? [];
      const runs = ids.flatMap((id) => history?.run(id) ?? []).filter(isTakenBy(command));
      const named = runs.map((run) => ({
        value: run.id,
        description: `${run.workflow}, ${runStatus(run, services.isAlive)}`,
      }));
      return runs[0] === undefined || runs[0].id !== newest?.id
        ? named
        : [...named, { value: LATEST, description: 'the newest run' }];
    },
    async plans(command) {
      const plans = (await services.historyForReading())?.plans() ?? [];
      return plans
        .filter(({ usedBy }) => command !== 'apply' || usedBy === null)
        .slice(0, RUNS)
        .map(({ id, workflow, usedBy }) => ({
          value: id,
          description: `${workflow}, ${usedBy === null ? 'unused' : `used by ${usedBy}`}`,
        }));
    },
    async steps(command, reference) {
      const { history, run } = findRun(await services.historyForReading(), reference, services.places.database);
      const steps = history.steps(run.id);
      const stages = command === 'logs' ? [...new Set(steps.map(({ stage }) => stage))] : [];
      return [
        ...steps.map(({ id, kind, stage }) => ({ value: id, description: `${stage}, ${kind}` })),
        ...stages.map((value) => ({ value, description: 'stage' })),
      ];
    },
    stages: async (of) => stagesIn(await definitionOf(of)),
    inputs: async (of) => inputsIn(await definitionOf(of)),
    kinds: async () => (await services.stepRunners()).map(({ kind, description }) => ({ value: kind, description })),
  };
}

function latestOf(history: HistoryReader | undefined, workflow: string | undefined): StoredRun | undefined {
  return workflow === undefined ? undefined : history?.runs({ workflow, limit: 1 })[0];
}

function stagesIn(definition: Json): readonly Candidate[] {
  const stages = isJsonObject(definition) ? definition['stages'] : undefined;
  if (!Array.isArray(stages)) return [];
  return stages.filter((name) => typeof name === 'string').map((value) => ({ value, description: 'stage' }));
}

function inputsIn(definition: Json): readonly KnownInput[] {
  const input = isJsonObject(definition) ? definition['input'] : undefined;
  const properties = isJsonObject(input) ? input['properties'] : undefined;
  if (!isJsonObject(properties)) return [];
  return Object.entries(properties).map(([name, property]) => {
    const { description = '', ...schema } = isJsonObject(property) ? property : {};
    return { name, description: typeof description === 'string' ? description : '', values: valuesIn(schema) };
  });
}

function valuesIn({ enum: values, type }: JsonObject): readonly string[] {
  if (Array.isArray(values)) return values.filter((value) => typeof value === 'string');
  return type === 'boolean' ? ['true', 'false'] : [];
}
