import type { RunResult } from '../engine/engine.ts';
import { type ExitCode, WfError } from '../engine/errors.ts';
import type { RunId } from '../engine/ids.ts';
import type { LoadedWorkflow } from '../engine/workflow.ts';
import { type RunMaterial, readRunMaterial } from '../review/run-material.ts';
import { type RunRecord, runRecord } from '../review/run-record.ts';
import { endOfRunLines } from '../review/text/end-of-run.ts';
import { runExitCode } from './exit-code.ts';
import { reportLostRun } from './lost-run.ts';
import type { ProgressView } from './progress-view.ts';
import { type Terminal, writeJson, writeLines } from './terminal.ts';
import { toldProofs } from './told-proofs.ts';
import type { Wire } from './wire-types.ts';

/** A run that a command advances. */
interface AdvancedRun {
  readonly id: RunId;
  readonly result: Promise<RunResult>;
  readonly json: boolean;
  /** Whose proofs are told; undefined where a command needs no workflow file. */
  readonly workflow: LoadedWorkflow | undefined;
  /** Ends before anything is told. */
  readonly view: Pick<ProgressView, 'end'>;
}

/** Waits for what becomes of a run, tells it, and answers the exit code. */
export async function tellResult(
  { id, result: coming, json, workflow, view }: AdvancedRun,
  wire: Wire,
  terminal: Terminal,
): Promise<ExitCode> {
  let result: RunResult;
  try {
    result = await coming;
  } catch (thrown) {
    view.end();
    return reportLostRun(id, thrown, json, wire, terminal);
  }
  view.end();
  const history = await wire.history();
  const run = history.run(id);
  if (run === undefined) throw new WfError('E_INTERNAL', `run ${id} is not in its own history`, { hint: '`wf runs`' });
  const material = readRunMaterial(history, run);
  // This process lives on for a moment, but it no longer advances a run that it was asked to let go of.
  const record = runRecord(material, result.type === 'interrupted' ? () => false : wire.isAlive);
  if (json) writeJson(terminal.out, record);
  else await tellPeople(material, record, workflow, terminal);
  return runExitCode(result, record);
}

async function tellPeople(
  material: RunMaterial,
  record: RunRecord,
  workflow: LoadedWorkflow | undefined,
  { out, err }: Terminal,
): Promise<void> {
  const succeeded = record.status === 'succeeded';
  const proofs =
    succeeded && workflow !== undefined ? await toldProofs(async () => workflow, material.run.output) : undefined;
  writeLines(out, endOfRunLines(material, record, proofs, out.style));
  if (record.status === 'interrupted') {
    writeLines(err, [
      `run ${record.id} is interrupted; \`wf changes ${record.id}\` lists what stands, \`wf rollback ${record.id}\` undoes it`,
    ]);
  }
}
