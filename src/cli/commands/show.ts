import { z } from 'zod';
import { nextActions } from '../../review/allowed-actions.ts';
import { type RunMaterial, readRunMaterial } from '../../review/run-material.ts';
import { runRecord } from '../../review/run-record.ts';
import { nextLine } from '../../review/text/end-of-run.ts';
import type { ProofsTold } from '../../review/text/proof-text.ts';
import { runViewLines } from '../../review/text/run-view.ts';
import { defineCommand } from '../define-command.ts';
import { findRun } from '../find-run.ts';
import { writeJson, writeLines } from '../terminal.ts';
import { toldProofs } from '../told-proofs.ts';
import type { Wire } from '../wire-types.ts';

const options = z.object({ json: z.boolean().default(false), run: z.string() });

/** `wf show RUN`: stages, steps, results, ledger, verification. */
export const show = defineCommand(options, async ({ json, run: reference }, wire, { out }) => {
  const { history, run } = findRun(await wire.historyForReading(), reference);
  const material = readRunMaterial(history, run);
  const record = runRecord(material, wire.isAlive);
  if (json) {
    writeJson(out, record);
    return 0;
  }
  writeLines(out, runViewLines(material, record, await proofsOf(material, wire), wire.clock.now(), out.style));
  const actions = nextActions(material, record.status);
  if (actions.length > 0) writeLines(out, ['', nextLine(actions)]);
  return 0;
});

/** The figures are told by the workflow's own code, so by the code that the run was made with or not at all. */
async function proofsOf({ run }: RunMaterial, wire: Wire): Promise<ProofsTold | undefined> {
  if (run.status !== 'succeeded') return undefined;
  return toldProofs(async () => {
    const { workflow, definition } = await wire.workflow(run.workflow);
    return definition.hash === run.definitionHash ? workflow : undefined;
  }, run.output);
}
