import type { RunJournal } from '../journal/run-journal.ts';
import type { ErrorRecord, WfError } from '../model/errors.ts';
import type { RunId } from '../model/ids.ts';
import type { ConfirmRule, JournalEvent } from '../model/journal-event.ts';
import type { OpenRequest } from '../model/request.ts';
import { limitText } from '../model/time-limit.ts';
import type { Clock } from '../ports/clock.ts';
import type { HistoryPort } from '../ports/history.ts';
import { handled, refused, requestRefused } from '../requests/answers.ts';
import { cancellationBy } from '../requests/cancellation.ts';
import { openRequestsOf } from '../requests/open-requests.ts';
import type { RequestInbox } from '../requests/request-inbox.ts';
import { type BootDeadline, deadlineIn, isBefore, momentNow } from './boot-deadline.ts';
import { confirmRefusal, notConfirmed } from './confirm-refusal.ts';
import type { Unconfirmed } from './unconfirmed-run.ts';

/** The shortest time limit of a probe, which may delay the deadline by as much. */
const SHORTEST_PROBE_MS = 2_000;
/** The interval at which the clock and the stop signal are read. */
const READ_MS = 250;

interface AwaitRequest {
  readonly run: RunId;
  readonly rule: ConfirmRule;
  readonly journal: RunJournal;
  readonly history: Pick<HistoryPort, 'openRequests' | 'journal'>;
  readonly inbox: RequestInbox;
  readonly clock: Clock;
  readonly bootId: string;
  /** `answered`: returns as soon as no request is open. */
  readonly until: 'deadline' | 'answered';
  /** Repeats the probe that must pass, for at most this time. Returns its error. */
  probe(limitMs: number): Promise<WfError | undefined>;
  /** Whether a stop signal undoes a run without a guard: no other process watches it. */
  readonly revertsOnStop: boolean;
  /** Returns the signal that asked to stop; undefined if none did. */
  stopSignal(): string | undefined;
}

/** How an unconfirmed run continues. */
export type Confirmation =
  | { readonly type: 'confirmed' }
  /** The rollback is journaled as begun. */
  | {
      readonly type: 'reverting';
      readonly error: ErrorRecord;
      /** Whether a stop signal asked for it. */
      readonly bySignal: boolean;
    }
  | { readonly type: 'interrupted'; readonly signal: string }
  | { readonly type: 'unconfirmed'; readonly deadline: BootDeadline };

/**
 * Waits until somebody confirms an unconfirmed run, or its deadline passes. The decision is one transaction: the rollback begins only if
 * no request is open at that moment, and a confirmation counts if it was asked before the deadline.
 */
export async function awaitConfirmation(request: AwaitRequest, unconfirmed: Unconfirmed): Promise<Confirmation> {
  const { run, rule, journal, history, inbox, clock, bootId, until } = request;
  const arrived: OpenRequest[] = [];
  let wake = () => {};
  const unwatch = inbox.watch(run, (open) => {
    arrived.push(open);
    wake();
  });
  let { deadline } = unconfirmed;
  const rollingBack = (error: ErrorRecord): JournalEvent => ({ type: 'rolling-back', error, kept: unconfirmed.kept });

  /** Answers one request. Returns how the run continues; undefined if it is still unconfirmed. */
  async function answer(open: OpenRequest): Promise<Confirmation | undefined> {
    const { demand } = open;
    const refuse = (error: WfError) => journal.append([refused(open, error)]);
    switch (demand.kind) {
      case 'confirm': {
        const refusal = confirmRefusal(run, demand.stamp, { ...unconfirmed, rule, deadline });
        if (refusal !== undefined) return void (await refuse(refusal));
        if (demand.extendMs !== null) {
          deadline = deadlineIn(demand.extendMs, clock, bootId);
          return void (await journal.append([handled(open), { type: 'extended', deadline }]));
        }
        const failure = await request.probe(Math.max(SHORTEST_PROBE_MS, deadline.dueMs - clock.sinceBoot()));
        if (failure !== undefined) return void (await refuse(probeFailed(run, open, rule, failure)));
        await journal.append([handled(open)]);
        return { type: 'confirmed' };
      }
      case 'cancel': {
        const cancellation = cancellationBy(run, open);
        if (cancellation === undefined || cancellation.keep) {
          return void (await refuse(requestRefused(run, demand, `it is unconfirmed; \`wf confirm ${run}\` keeps it`)));
        }
        const error = cancellation.error.toRecord();
        await journal.append([handled(open), rollingBack(error)]);
        return { type: 'reverting', error, bySignal: false };
      }
      default:
        return void (await refuse(requestRefused(run, demand, 'its machine has ended')));
    }
  }

  try {
    for (;;) {
      for (let open = arrived.shift(); open !== undefined; open = arrived.shift()) {
        const confirmation = await answer(open);
        if (confirmation !== undefined) return confirmation;
      }
      const signal = request.stopSignal();
      if (signal !== undefined && (rule.guard || !request.revertsOnStop)) {
        await journal.append([{ type: 'interrupted', signal }]);
        return { type: 'interrupted', signal };
      }
      const now = momentNow(clock, bootId);
      if (signal !== undefined || !isBefore(now, deadline)) {
        const error = notConfirmed(run, whyReverting(rule, deadline, bootId, signal)).toRecord();
        const hasOpen = () => openRequestsOf(history, run).length > 0;
        if (await journal.appendUnless(hasOpen, [rollingBack(error)])) {
          return { type: 'reverting', error, bySignal: signal !== undefined };
        }
        inbox.check();
        continue;
      }
      if (until === 'answered') return { type: 'unconfirmed', deadline };
      await new Promise<void>((resolve) => {
        const cancel = clock.after(Math.min(deadline.dueMs - now.sinceBootMs, READ_MS), resolve);
        wake = () => {
          cancel();
          resolve();
        };
        if (arrived.length > 0) wake();
      });
    }
  } finally {
    unwatch();
  }
}

function whyReverting(rule: ConfirmRule, deadline: BootDeadline, bootId: string, signal: string | undefined): string {
  if (signal !== undefined) return `${signal} ended the only process that watched it`;
  if (deadline.bootId !== bootId) return 'the machine was restarted before anybody confirmed it';
  return `nobody confirmed it within ${limitText(rule.withinMs)}`;
}

function probeFailed(run: RunId, { demand }: OpenRequest, { probe }: ConfirmRule, failure: WfError): WfError {
  return requestRefused(run, demand, `its probe ${probe ?? ''} fails: ${failure.message}`);
}
