import { momentNow } from '../../engine/confirm/boot-deadline.ts';
import { guardDecision } from '../../engine/confirm/guard-decision.ts';
import { asWfError, type ErrorCode } from '../../engine/model/errors.ts';
import { pause } from '../../engine/ports/clock.ts';
import type { RunHandle, RunObserver } from '../../engine/run/engine.ts';
import { bootId, continueIfStopped } from '../../host/processes/process.ts';
import { notNotifiedLine } from '../../review/text/notice-text.ts';
import { reportError } from '../output/errors/report-error.ts';
import { type StopSignal, type Terminal, writeLines } from '../output/terminal.ts';
import type { Services } from '../services/services.ts';
import type { PreparedGuard } from './prepare-guard.ts';

/** Interval at which a guard reads its run. A read takes a millisecond for a journal of some hundred entries. */
const READ_MS = 500;

/** The delay after an error. */
const RETRY_MS = 2_000;

/** Without the history a guard cannot act: it could not journal an undo. */
const WITHOUT_HISTORY: readonly ErrorCode[] = ['E_DATABASE', 'E_DATABASE_NEWER', 'E_DATABASE_DAMAGED'];

/**
 * Watches a run until it has ended. Ends the run itself if nobody else can: undoes it at its deadline, or completes its confirmation.
 * Reports an error, then tries again. Returns the signal that ended the watch; undefined if the run has ended.
 * @throws WfError E_DATABASE* if the history is unusable
 */
export async function watchRun(
  { engine, history, request }: PreparedGuard,
  services: Services,
  terminal: Terminal,
): Promise<StopSignal | undefined> {
  const { clock, isAlive } = services;
  const boot = bootId();
  let signal: StopSignal | undefined;
  let active: RunHandle | null = null;
  const unlisten = terminal.onStopSignal((asked) => {
    signal ??= asked;
    active?.interrupt(asked);
  });
  const observer: RunObserver = {
    notNotified: (notice, error) => writeLines(terminal.err, [notNotifiedLine(notice, error)]),
  };
  let ownedAt = clock.sinceBoot();
  /** The last error: a repeated one is reported once. */
  let reported = '';
  try {
    while (signal === undefined) {
      const run = history.run(request.run);
      const rule = run?.options.confirm;
      if (run === undefined || rule === undefined) return undefined;
      const isOwned = run.owner !== null && isAlive(run.owner);
      const now = momentNow(clock, boot);
      if (isOwned) ownedAt = now.sinceBootMs;
      const unownedMs = isOwned ? null : now.sinceBootMs - ownedAt;
      const entries = history.journal(run.id);
      const decision = guardDecision({ run: run.id, status: run.status, rule, entries, unownedMs, now });
      if (decision.type === 'end') return undefined;
      if (decision.type === 'continue owner' && run.owner !== null) continueIfStopped(run.owner);
      if (decision.type === 'wait' || decision.type === 'continue owner') {
        await pause(clock, READ_MS);
        continue;
      }
      try {
        active =
          decision.type === 'conclude'
            ? await engine.conclude(request, 'deadline', observer)
            : await engine.rollBack({ ...request, removeKept: false, cause: decision.cause }, observer);
        const result = await active?.result;
        if (result?.type === 'ended') writeLines(terminal.err, [`run ${run.id} is ${result.end.status}`]);
      } catch (thrown) {
        const error = asWfError(thrown);
        if (WITHOUT_HISTORY.includes(error.code)) throw error;
        if (error.message !== reported) reportError(error, terminal, false);
        reported = error.message;
        await pause(clock, RETRY_MS);
      }
      active = null;
    }
    return signal;
  } finally {
    unlisten();
  }
}
