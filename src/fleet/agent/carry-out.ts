import type { ErrorCode, ErrorRecord } from '../../engine/model/errors.ts';
import { WfError } from '../../engine/model/errors.ts';
import type { RunId } from '../../engine/model/ids.ts';
import { type Clock, pause } from '../../engine/ports/clock.ts';
import { type Answer, type Item, isUndone, type Work } from '../model/item.ts';
import type { Progress } from '../model/mailbox.ts';
import type { LocalParts } from './local-parts.ts';
import { referenceIn } from './reference-in.ts';

/** The time between two checks of a part that another process advances. */
const CHECK_MS = 200;
/** Delays after a refused command. */
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 60_000;

/** Transient errors of `wf start`, which have touched nothing: the agent tries again. Any other error is the answer. */
const PASSING: readonly ErrorCode[] = [
  'E_DATABASE_LOCKED',
  'E_DISK_FULL',
  'E_LIMIT',
  'E_INTERRUPTED',
  'E_RUN_EXISTS',
  'E_TOMBSTONE',
];

interface CarryOut {
  readonly parts: LocalParts;
  readonly clock: Clock;
  /** Names of the workflows that the host permits; null for all. */
  readonly allowed: readonly string[] | null;
  progress(progress: Progress): void;
  /** Asks whether the fleet keeps the part of the item. @throws WfError E_FLEET_UNREACHABLE, E_MAILBOX_HELD; the reason of the signal */
  confirm(signal: AbortSignal): Promise<boolean>;
}

/**
 * Carries out an item, and returns the answer. Starts an unknown part, waits for one under way, and returns the record of an ended one. May
 * be called again after a crash at any point.
 * @throws the reason of the signal; the part keeps running
 */
export async function carryOut(item: Item, given: CarryOut, signal: AbortSignal): Promise<Answer> {
  return item.action === 'run' ? run(item, given, signal) : rollBack(item, given, signal);
}

type Of<Action extends Item['action']> = Extract<Item, { action: Action }>;

async function run({ part, work, sealed }: Of<'run'>, given: CarryOut, signal: AbortSignal): Promise<Answer> {
  const { parts } = given;
  const retry = retries(part, given, signal);
  const waitFor = work.confirmWithinMs === null ? (act: Act) => act(signal) : untilUnconfirmed(part, given, signal);
  for (;;) {
    signal.throwIfAborted();
    const found = parts.find(part);
    switch (found.type) {
      case 'ended':
        return found.answer;
      case 'tombstoned':
        return { type: 'tombstoned' };
      case 'open': {
        let refusal: ErrorRecord | undefined;
        if (found.status === 'unconfirmed') {
          if (await given.confirm(signal)) refusal = await parts.confirm(part, signal);
        } else if (found.status === 'interrupted' && sealed !== undefined) {
          // Only the fleet has the secrets with which it resumes.
          refusal = await waitFor((waiting) => parts.resume(part, sealed, waiting));
        }
        await (refusal === undefined ? retry.later(found.status) : retry.after(refusal));
        break;
      }
      case 'absent': {
        const refusal =
          refusalOf(work, given) ?? (await waitFor((waiting) => parts.start(part, work, sealed, waiting)));
        // The part has run, whatever its outcome.
        if (refusal === undefined || parts.find(part).type !== 'absent') break;
        if (PASSING.includes(refusal.code)) await retry.after(refusal);
        // The refusal is final: a second delivery of the item must not start the part.
        else if (parts.entomb(part, `it was refused: ${refusal.message}`)) return { type: 'refused', error: refusal };
      }
    }
  }
}

async function rollBack(
  { part, reason, sealed }: Of<'roll-back'>,
  given: CarryOut,
  signal: AbortSignal,
): Promise<Answer> {
  const retry = retries(part, given, signal);
  let hasTried = false;
  for (;;) {
    signal.throwIfAborted();
    const found = given.parts.find(part);
    switch (found.type) {
      case 'tombstoned':
        return { type: 'tombstoned' };
      case 'absent':
        if (given.parts.entomb(part, reason)) return { type: 'tombstoned' };
        break;
      case 'ended': {
        const { answer } = found;
        if (hasTried || (answer.status !== 'succeeded' && isUndone(answer))) return answer;
        const refusal = await given.parts.rollBack(part, sealed, signal);
        if (refusal === undefined) hasTried = true;
        else await retry.after(refusal);
        break;
      }
      case 'open': {
        if (found.status === 'rolling-back') {
          await retry.later(found.status);
          break;
        }
        given.progress({ part, status: found.status, error: null });
        const refusal = await (found.isAdvanced
          ? given.parts.cancel(part, reason, signal)
          : given.parts.rollBack(part, sealed, signal));
        if (refusal !== undefined) await retry.after(refusal);
      }
    }
  }
}

type Act = (signal: AbortSignal) => Promise<ErrorRecord | undefined>;

/** Returns a function that waits for the command of a part, or until the part has to be confirmed: the command then keeps running. */
function untilUnconfirmed(part: RunId, { parts, clock }: CarryOut, signal: AbortSignal) {
  return async (act: Act): Promise<ErrorRecord | undefined> => {
    const stop = new AbortController();
    const ended = act(AbortSignal.any([signal, stop.signal]));
    try {
      for (;;) {
        const first = await Promise.race([ended, pause(clock, CHECK_MS, signal).then(() => 'check' as const)]);
        if (first !== 'check') return first;
        const found = parts.find(part);
        if (found.type === 'open' && found.status === 'unconfirmed') return undefined;
      }
    } finally {
      stop.abort();
    }
  };
}

/** Waits between two checks, and longer after each error. Reports both. */
function retries(part: RunId, { clock, progress }: CarryOut, signal: AbortSignal) {
  let delayMs = 0;
  return {
    async later(status: string) {
      delayMs = 0;
      progress({ part, status, error: null });
      await pause(clock, CHECK_MS, signal);
    },
    async after({ code, message }: ErrorRecord) {
      delayMs = Math.min(LONGEST_DELAY_MS, Math.max(FIRST_DELAY_MS, 2 * delayMs));
      progress({ part, status: 'refused', error: `${code}: ${message}` });
      await pause(clock, delayMs, signal);
    },
  };
}

/** Returns the error with which this host refuses work; undefined if it accepts it. */
function refusalOf({ workflow, input }: Work, { allowed }: CarryOut): ErrorRecord | undefined {
  if (allowed !== null && !allowed.includes(workflow)) {
    return new WfError('E_FORBIDDEN', `this host does not permit workflow ${workflow}`, {
      hint: 'Its agent permits the workflows of --allow.',
    }).toRecord();
  }
  return referenceIn(input);
}
