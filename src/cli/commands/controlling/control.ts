import type { z } from 'zod';
import { asWfError, type ExitCode, errorOfRecord } from '../../../engine/model/errors.ts';
import type { RunId } from '../../../engine/model/ids.ts';
import type { Demand } from '../../../engine/model/request.ts';
import type { RunStatus, StoredRun } from '../../../engine/ports/history.ts';
import { requestRecord } from '../../../review/record/request-record.ts';
import { readRunMaterial } from '../../../review/record/run-material.ts';
import { type RunRecord, runRecord } from '../../../review/record/run-record.ts';
import { suggestions } from '../../../review/text/suggestion.ts';
import { findRun } from '../../arguments/find-run.ts';
import { refuseOtherInputs, typedSecrets } from '../../arguments/secrets/run-secrets.ts';
import { type Answered, type Delivery, deliver } from '../../follow/deliver.ts';
import { followJournal } from '../../follow/follow-journal.ts';
import { followUndo } from '../../follow/follow-undo.ts';
import { watchForInterruption } from '../../follow/interruption.ts';
import { followedExitCode, rollbackExitCode } from '../../output/errors/exit-code.ts';
import { printOutcome } from '../../output/print-result.ts';
import { type Terminal, writeJson, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';
import type { controlOptions } from './control-options.ts';

type Given = z.output<typeof controlOptions>;

/**
 * Sends a request to a run. Returns undefined if a signal ended the wait for the answer.
 * @throws WfError the error with which the run refused the request
 */
export async function ask(
  given: Given & Pick<Delivery, 'acceptChanges'>,
  demand: Demand,
  services: Services,
  terminal: Terminal,
): Promise<(Answered & { readonly run: StoredRun }) | undefined> {
  const { run } = findRun(await services.historyForReading(), given.run, services.places.database);
  refuseOtherInputs(run, given.input);
  const answered = await deliver({ ...given, run, demand }, services, terminal);
  if (answered.outcome.type === 'refused') throw errorOfRecord(answered.outcome.error);
  if (answered.outcome.type === 'handled') return { ...answered, run };
  const words = `the request is stored; \`wf show ${run.id}\` shows its answer`;
  writeLines(terminal.err, [suggestions(words, terminal.err.style)]);
  return undefined;
}

/** A demand whose sender waits only for its answer. */
type Controlling = Exclude<Demand, { readonly kind: 'retry' }>;

/** Sends a request to a run, and prints the answer. @param document of --json: the answer with the run record, or the record alone */
export async function control(
  asked: Given,
  demand: Controlling,
  services: Services,
  terminal: Terminal,
  document: 'answer' | 'record' = 'answer',
): Promise<ExitCode> {
  const given = { ...asked, input: [...typedSecrets(asked)] };
  const answered = await ask(given, demand, services, terminal);
  if (answered === undefined) return 130;
  const { run, number, advanced } = answered;
  if (advanced !== undefined && !given.json) {
    const exitCode = printOutcome(advanced, false, terminal);
    return isUndoing(demand) && advanced.type === 'known' ? rollbackExitCode(advanced.result) : exitCode;
  }
  const history = await services.history();
  // The process that advances a cancelled run undoes it, and then ends the run.
  if (demand.kind === 'cancel') await followJournal(history, run.id, services, terminal, () => {});
  if (demand.kind === 'confirm' && demand.extendMs === null) await completeConfirmation(run, given, services, terminal);
  const material = readRunMaterial(history, history.run(run.id) ?? run);
  const record = runRecord(material, services.isAlive);
  if (given.json && document === 'record') writeJson(terminal.out, record);
  else if (given.json) writeJson(terminal.out, { request: requestRecord(material.journal, number), run: record });
  else writeLines(terminal.out, [suggestions(answerWords(run, demand, record), terminal.out.style)]);
  if (advanced?.type === 'lost') return advanced.exitCode;
  if (demand.kind === 'confirm') return followedExitCode(record);
  // The rollback may be interrupted.
  const isUnsettled = record.status === 'needs-attention' || record.status === 'interrupted';
  return isUndoing(demand) && isUnsettled ? followedExitCode(record) : 0;
}

/** Waits until the process that confirmed a run has ended it, or ends the run itself if that process is gone. */
async function completeConfirmation(
  run: StoredRun,
  given: z.output<typeof controlOptions>,
  services: Services,
  terminal: Terminal,
): Promise<void> {
  const history = await services.history();
  for (;;) {
    const end = await followJournal(history, run.id, services, terminal, () => {}, { restsIn: ['unconfirmed'] });
    if (end.type !== 'unowned' || end.status !== 'unconfirmed') return;
    const interruption = watchForInterruption(terminal);
    try {
      await followUndo({ ...given, run }, interruption, services, terminal, (engine, request, observer) =>
        engine.conclude(request, 'answered', observer),
      );
      return;
    } catch (thrown) {
      // The guard of the run was faster.
      if (asWfError(thrown).code !== 'E_LEASE_HELD') throw thrown;
    } finally {
      interruption.end();
    }
  }
}

/** Returns whether the exit code depends on the host alone: the failure of the run is intended. */
function isUndoing({ kind }: Demand): boolean {
  return kind === 'cancel' || kind === 'settle';
}

function answerWords({ id }: StoredRun, demand: Controlling, { status }: RunRecord): string {
  switch (demand.kind) {
    case 'send':
      return `run ${id} took the event ${demand.event.type}; it is ${status} now`;
    case 'pause':
      return `run ${id} is ${status}; \`wf resume ${id}\` resumes it`;
    case 'cancel':
      return `run ${id} was cancelled; it is ${status}`;
    case 'confirm':
      return confirmWords(id, demand.extendMs !== null, status);
    case 'settle':
      return `change ${demand.change} of run ${id} is settled as ${demand.as}; the run is ${status}`;
  }
}

function confirmWords(id: RunId, isExtended: boolean, status: RunStatus): string {
  if (isExtended) return `the deadline of run ${id} is extended`;
  return status === 'succeeded' ? `run ${id} is confirmed: it has succeeded` : `run ${id} is confirmed, and ${status}`;
}
