import { openHistoryForReading } from '../../../src/history/open.ts';
import { isAlive } from '../../../src/host/processes/process.ts';
import { readRunMaterial } from '../../../src/review/record/run-material.ts';
import { runRecord } from '../../../src/review/record/run-record.ts';
import { runId } from '../../fixtures/history/samples.ts';
import { type RunRecord, runRecordSchema } from './run-record.ts';
import type { Project } from './run-wf.ts';

/**
 * Returns the output of `wf show RUN --json`, read by this process: a process of wf for each read would take most of the time of a
 * test. `cli/runs/runs-are-found.test.ts` compares both.
 * @throws Error if the database does not know the run
 */
export function readRecord({ database }: Pick<Project, 'database'>, id: string): RunRecord {
  const history = openHistoryForReading(database);
  try {
    const run = history?.run(runId(id));
    if (history === undefined || run === undefined) throw new Error(`the database does not know run ${id}`);
    return runRecordSchema.parse(JSON.parse(JSON.stringify(runRecord(readRunMaterial(history, run), isAlive))));
  } finally {
    history?.close();
  }
}
