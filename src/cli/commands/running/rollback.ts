import { z } from 'zod';
import type { Change } from '../../../engine/model/change.ts';
import type { ExitCode } from '../../../engine/model/errors.ts';
import type { RunId } from '../../../engine/model/ids.ts';
import type { StoredRun } from '../../../engine/ports/history.ts';
import { refusalOf } from '../../../review/actions/allowed-actions.ts';
import { readRunMaterial } from '../../../review/record/run-material.ts';
import { runRecord } from '../../../review/record/run-record.ts';
import type { TextStyle } from '../../../review/text/format/text-style.ts';
import { keptLines } from '../../../review/text/run/ledger-text.ts';
import { findRun } from '../../arguments/find-run.ts';
import { refuseOtherInputs, typedSecrets } from '../../arguments/secrets/run-secrets.ts';
import { defineCommand } from '../../define-command.ts';
import { followUndo } from '../../follow/follow-undo.ts';
import { watchForInterruption } from '../../follow/interruption.ts';
import { rollbackExitCode } from '../../output/errors/exit-code.ts';
import { printOutcome } from '../../output/print-result.ts';
import { type Terminal, writeJson, writeLines } from '../../output/terminal.ts';
import type { HistoryOptions, Services } from '../../services/services.ts';
import { control } from '../controlling/control.ts';

const options = z.object({
  run: z.string(),
  removeImages: z.boolean().default(false),
  input: z.array(z.string()).default([]),
  inputFile: z.string().optional(),
  workflow: z.string().optional(),
  json: z.boolean().default(false),
});

const ON_A_FULL_DISK: HistoryOptions = { freeReserveOnFullDisk: true };

/**
 * `wf rollback RUN`: undoes the changes of a run in place, newest first, and verifies the host. A stopped rollback starts over,
 * and finds that the changes it has undone are gone.
 */
export const rollback = defineCommand(
  options,
  async ({ run: reference, removeImages, workflow, json, ...given }, services, terminal) => {
    const input = [...typedSecrets(given)];
    // Even reading needs some free space for the files beside the database.
    const { run } = findRun(await services.historyForReading(ON_A_FULL_DISK), reference, services.places.database);
    if (run.status === 'unconfirmed' && run.owner !== null && services.isAlive(run.owner)) {
      return control(
        { run: run.id, input, workflow, json },
        { kind: 'cancel', keep: false },
        services,
        terminal,
        'record',
      );
    }
    const refusal = refusalOf('rollback', run, services.isAlive, services.pidNamespace);
    if (refusal !== undefined) throw refusal;
    refuseOtherInputs(run, input);
    const interruption = watchForInterruption(terminal);
    try {
      await services.history(ON_A_FULL_DISK);
      const undoing = { run, input, workflow };
      const outcome = await followUndo(undoing, interruption, services, terminal, (engine, request, observer) =>
        engine.rollBack({ ...request, removeKept: removeImages }, observer),
      );
      if (outcome === null) return reportNothingToUndo(run.id, json, services, terminal);
      const exitCode = printOutcome(outcome, json, terminal);
      return outcome.type === 'known' ? rollbackExitCode(outcome.result) : exitCode;
    } finally {
      interruption.end();
    }
  },
);

function nothingToUndoLines(run: StoredRun, changes: readonly Change[], style: TextStyle): readonly string[] {
  const kept = keptLines({ run, changes }, style);
  if (kept.length > 0) return [`Run ${run.id} left only changes that are kept by design.`, ...kept];
  return [`No changes of run ${run.id} are in place on this host: nothing to undo.`];
}

async function reportNothingToUndo(id: RunId, json: boolean, services: Services, { out }: Terminal): Promise<ExitCode> {
  const { history, run } = findRun(await services.history(), id);
  if (json) writeJson(out, runRecord(readRunMaterial(history, run), services.isAlive));
  else writeLines(out, nothingToUndoLines(run, history.changes(id), out.style));
  return 0;
}
