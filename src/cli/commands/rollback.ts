import { z } from 'zod';
import type { ExitCode } from '../../engine/errors.ts';
import type { RunId } from '../../engine/ids.ts';
import type { StoredRun } from '../../engine/ports/history.ts';
import type { StepRunner } from '../../engine/step.ts';
import { readRunMaterial } from '../../review/run-material.ts';
import { runRecord } from '../../review/run-record.ts';
import { defineCommand } from '../define-command.ts';
import { findRun } from '../find-run.ts';
import { createProgressView } from '../progress-view.ts';
import { tellResult } from '../tell-result.ts';
import { type Terminal, writeJson, writeLines } from '../terminal.ts';
import type { Wire } from '../wire-types.ts';

const options = z.object({ run: z.string(), json: z.boolean().default(false) });

/**
 * `wf rollback RUN`: undoes all that a run did that still stands, newest first, and verifies the host. Killed in the
 * middle, it is begun anew: what is undone already is found to be gone.
 */
export const rollback = defineCommand(options, async ({ run: reference, json }, wire, terminal) => {
  const { run } = findRun(await wire.historyForReading(), reference);
  const [engine, history, runner] = [await wire.engine(), await wire.history(), await knownRunners(run, wire)];
  const view = await createProgressView(terminal.err, wire.clock, [], history.journal(run.id));
  try {
    const rollingBack = engine.rollBack({ run: run.id, runner }, view.observer);
    if (rollingBack === null) return tellNothingToUndo(run.id, json, wire, terminal);
    const { result } = rollingBack;
    const exitCode = await tellResult({ id: run.id, result, json, workflow: undefined, view }, wire, terminal);
    // That the run failed is why it was rolled back; the rolling back itself is done as asked.
    return exitCode === 1 ? 0 : exitCode;
  } finally {
    view.end();
  }
});

/** wf's own step runners, and those of the workflow file where it can still be loaded. */
async function knownRunners(run: StoredRun, wire: Wire): Promise<(kind: string) => StepRunner | undefined> {
  const own = new Map((await wire.stepRunners()).map((runner) => [runner.kind, runner]));
  const history = await wire.history();
  if (history.changes(run.id).some((change) => !own.has(change.kind))) {
    for (const runner of await runnersOfWorkflow(run.workflow, wire)) own.set(runner.kind, runner);
  }
  return (kind) => own.get(kind);
}

async function runnersOfWorkflow(name: string, wire: Wire): Promise<readonly StepRunner[]> {
  try {
    const { workflow } = await wire.workflow(name);
    return [...workflow.model.invocations.values()].map(({ runner }) => runner);
  } catch {
    return []; // its changes are then reported as stuck, with the commands that undo them by hand
  }
}

async function tellNothingToUndo(id: RunId, json: boolean, wire: Wire, { out }: Terminal): Promise<ExitCode> {
  const { history, run } = findRun(await wire.history(), id);
  if (json) writeJson(out, runRecord(readRunMaterial(history, run), wire.isAlive));
  else writeLines(out, [`Nothing of run ${id} stands on this host: there is nothing to undo.`]);
  return 0;
}
