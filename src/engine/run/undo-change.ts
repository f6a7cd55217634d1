import type { Change } from '../model/change.ts';
import { asWfError, WfError } from '../model/errors.ts';
import type { JournalEvent } from '../model/journal-event.ts';
import { type Clock, pause } from '../ports/clock.ts';
import { BACK, type JournaledChange } from '../recovery/recovery-table.ts';
import type { ChangeBehaviour, ChangeState, HostContext } from '../workflow/step.ts';

/** Tries of an undo, after transient errors, before its change is settled as stuck. */
const UNDO_ATTEMPTS = 4;
const FIRST_PAUSE_MS = 100;
/** Interval of observations while a late effect is possible. */
export const OBSERVE_AGAIN_MS = 100;

type Settled = Extract<JournalEvent, { type: 'change.settled' }>;

interface UndoRequest {
  readonly change: Change;
  readonly behaviour: ChangeBehaviour;
  readonly bootId: string;
  /** When the change was intended, in ms since the epoch, and whether an earlier undo of it has begun. */
  readonly journaled: { readonly intendedAt: number; readonly undoBegun: boolean };
  readonly observing: HostContext;
  readonly acting: HostContext;
  /** Makes the beginning of the undo durable. Awaited before the host is touched. */
  begin(): Promise<void>;
}

/**
 * Undoes one change by the recovery table: observes, acts, observes again. Throws no error of the host: a change that cannot be undone
 * is settled as `stuck` with the reason.
 */
export async function undoChange(request: UndoRequest): Promise<Settled> {
  const { change, behaviour, journaled, observing } = request;
  const state = journaledChange(request);
  const lateEffect = lateEffectOf(behaviour, journaled.intendedAt, observing.host.clock);
  for (;;) {
    const seen: ChangeState = state === 'lost' ? LOST : await lateEffect.during(() => observe(request));
    const shows = seen.found === 'gone' && lateEffect.isPossible() ? 'not yet' : seen.found;
    switch (BACK[state][shows]) {
      case 'undo':
        return undo(request);
      case 'observe again':
        await pause(observing.host.clock, OBSERVE_AGAIN_MS);
        break;
      case 'settle as gone':
        return settled(change, 'gone', seen.found === 'gone' ? seen.reason : null);
      case 'settle as reverted':
        return settled(change, 'reverted', null);
      case 'settle as stuck':
        return settled(change, 'stuck', seen.found === 'unknown' ? seen.error.message : null);
    }
  }
}

const LOST: ChangeState = { found: 'gone', reason: 'the machine was restarted since, which took it away' };

/** Returns the journaled state of a change to undo. */
export function journaledChange({
  change,
  behaviour,
  bootId,
  journaled,
}: Omit<UndoRequest, 'observing' | 'acting' | 'begin'>): JournaledChange {
  if (change.bootId !== bootId && !behaviour.survivesReboot) return 'lost';
  if (journaled.undoBegun) return 'undo begun';
  switch (change.status) {
    case 'intended':
    case 'applied':
    case 'stuck':
    case 'kept':
      return change.status;
    case 'reverted':
    case 'gone':
      throw new WfError(
        'E_INTERNAL',
        `change ${change.seq} (${change.target}) needs no undoing: it is ${change.status}`,
        {
          hint: 'This is a defect in wf: report it.',
        },
      );
  }
}

/** The late effect of a request whose sender was killed. */
interface LateEffect {
  isPossible(): boolean;
  /** Observes the host, and measures how long the answer took. */
  during<Seen>(observe: () => Promise<Seen>): Promise<Seen>;
}

/**
 * Tracks whether a request of the time `intendedAt` may still have a late effect: for `lateEffectMs`, whatever the clock is set to. A slow
 * answer to an observation extends that time, counted from the answer: an engine that was stopped, or a machine that was suspended, may
 * carry out earlier requests after it. Only the first slow answer does, so that a slow engine cannot delay the run for ever.
 */
export function lateEffectOf({ lateEffectMs }: ChangeBehaviour, intendedAt: number, clock: Clock): LateEffect {
  let until = Math.min(intendedAt, clock.now()) + lateEffectMs;
  let isExtended = false;
  return {
    isPossible: () => clock.now() < until,
    async during(observe) {
      const begunAt = clock.now();
      const seen = await observe();
      const answeredAt = clock.now();
      if (!isExtended && lateEffectMs > 0 && answeredAt - begunAt >= lateEffectMs / 2) {
        isExtended = true;
        until = Math.max(until, answeredAt + lateEffectMs);
      }
      return seen;
    },
  };
}

async function undo(request: UndoRequest): Promise<Settled> {
  const { change } = request;
  await request.begin();
  const done = await tryUndo(request);
  const after = done.type === 'reported' ? done.state : await observe(request);
  if (after.found === 'gone') return settled(change, 'reverted', null);
  if (after.found === 'unknown') return settled(change, 'stuck', after.error.message);
  return settled(change, 'stuck', done.type === 'failed' ? done.error.message : 'it still exists after its undo');
}

type Tried =
  | { readonly type: 'done' }
  | { readonly type: 'reported'; readonly state: ChangeState }
  | { readonly type: 'failed'; readonly error: WfError };

async function tryUndo({ change, behaviour, acting }: UndoRequest): Promise<Tried> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const state = await behaviour.undo(change.record, acting);
      return state ? { type: 'reported', state } : { type: 'done' };
    } catch (thrown) {
      const error = asWfError(thrown);
      if (error.code === 'E_LEASE_LOST') throw error;
      if (!error.transient || attempt === UNDO_ATTEMPTS || acting.signal.aborted) return { type: 'failed', error };
      await pause(acting.host.clock, FIRST_PAUSE_MS * 2 ** (attempt - 1));
    }
  }
}

/** Observes the change; an error means that its state is unknown. */
async function observe({ change, behaviour, observing }: UndoRequest): Promise<ChangeState> {
  try {
    return await behaviour.inspect(change.record, observing);
  } catch (thrown) {
    const error = asWfError(thrown);
    if (error.code === 'E_LEASE_LOST') throw error;
    return { found: 'unknown', error };
  }
}

function settled(change: Change, status: Settled['status'], reason: string | null): Settled {
  return { type: 'change.settled', seq: change.seq, status, reason };
}

/** Returns the error for a change whose step runner is unknown. */
export function unknownRunner(change: Change): WfError {
  return new WfError('E_STEP_NOT_FOUND', `the step runner ${change.kind}, which made ${change.target}, is unknown`, {
    hint: change.undo.length > 0 ? `Undo it by hand: ${change.undo.join(' && ')}` : 'Undo it by hand.',
  });
}
