import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type LoadedFile, loadWorkflow } from '../../../src/definition/load.ts';
import { replay } from '../../../src/engine/machine/replay.ts';
import type { Change } from '../../../src/engine/model/change.ts';
import { parseRunId, type RunId } from '../../../src/engine/model/ids.ts';
import type { JournalEntry } from '../../../src/engine/model/journal-event.ts';
import type { StoredRun, StoredStep } from '../../../src/engine/ports/history.ts';
import { type HistoryReader, openHistoryForReading } from '../../../src/history/open.ts';
import { confineCode } from '../../../src/host/workflow-code/confine-code.ts';
import { wfModule } from '../../../src/library/wf-module.ts';
import { rebuildProjection } from '../../fixtures/history/rebuild-projection.ts';
import { differences } from './witnesses/differences.ts';

/** Everything about one run in the database. */
export interface RunOnDisk {
  readonly run: StoredRun;
  readonly journal: readonly JournalEntry[];
  readonly steps: readonly StoredStep[];
  readonly changes: readonly Change[];
}

/** Reads a run from a database that is opened read-only; undefined if it does not contain the run. */
export function readRun(database: string, id: string): RunOnDisk | undefined {
  return withReader(database, (reader) => {
    const run = reader.run(runIdOf(id));
    if (run === undefined) return undefined;
    return {
      run,
      journal: reader.journal(run.id),
      steps: reader.steps(run.id),
      changes: reader.changes(run.id),
    };
  });
}

/** The location of a workflow's definition. */
export interface WorkflowSource {
  readonly name: string;
  readonly file: string;
}

/** The problems of the journal of a run: it does not replay, or the other tables differ from it. */
export async function journalProblems(
  sources: readonly WorkflowSource[],
  onDisk: RunOnDisk,
): Promise<readonly string[]> {
  const { run, journal, steps, changes } = onDisk;
  const problems: string[] = [];
  const source = sources.find(({ name }) => name === run.workflow);
  if (source === undefined) return [`run ${run.id} is of the workflow ${run.workflow}, which is not of these tests`];
  const { workflow } = await load(source);
  try {
    replay(workflow.model, run, journal);
  } catch (thrown) {
    problems.push(`the journal does not replay: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  const rebuilt = rebuildProjection(journal);
  if (rebuilt === undefined) return [...problems, 'an entry of the journal does not follow from those before it'];
  const columns = Object.keys(rebuilt.run).map((column) => [column, Reflect.get(run, column)]);
  const found = { run: Object.fromEntries(columns), steps: byId(steps), changes };
  const expected = { run: rebuilt.run, steps: byId(rebuilt.steps), changes: rebuilt.changes };
  if (isDeepStrictEqual(found, expected)) return problems;
  return [...problems, `the tables differ from the journal:\n${differences(expected, found)}`];
}

const loading = new Map<string, Promise<LoadedFile>>();

function load(source: WorkflowSource): Promise<LoadedFile> {
  const cacheFolder = path.join(tmpdir(), `wf-crash-cache-${process.pid}`);
  const known = loading.get(source.file);
  if (known !== undefined) return known;
  const loaded = loadWorkflow(source, {
    cacheFolder,
    wfModule,
    confine: confineCode,
  });
  loading.set(source.file, loaded);
  return loaded.finally(() => rmSync(cacheFolder, { recursive: true, force: true }));
}

function byId(steps: readonly StoredStep[]): readonly StoredStep[] {
  return steps.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

function withReader<Result>(database: string, work: (reader: HistoryReader) => Result): Result | undefined {
  // It may belong to the ordinary user of a lane.
  process.env['WF_SAFE_DIRECTORY'] = path.dirname(database);
  const reader = openHistoryForReading(database);
  if (reader === undefined) return undefined;
  try {
    return work(reader);
  } finally {
    reader.close();
  }
}

/** The id in a text that is known to be one. */
export function runIdOf(text: string): RunId {
  const id = parseRunId(text);
  if (id === undefined) throw new Error(`not a run id: ${text}`);
  return id;
}
