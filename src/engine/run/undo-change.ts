import type { Change } from '../model/change.ts';
import { asWfError, WfError } from '../model/errors.ts';
import type { JournalEvent } from '../model/journal-event.ts';
import type { Clock } from '../ports/clock.ts';
import { BACK, type JournaledChange } from '../recovery/recovery-table.ts';
import type { ChangeBehaviour, HostContext, Standing } from '../workflow/step.ts';

/** A busy engine or a lost connection: an undo is tried this often before its change is called stuck. */
const UNDO_ATTEMPTS = 4;
const FIRST_PAUSE_MS = 100;
/** What may still appear is looked at again this often. */
export const OBSERVE_AGAIN_MS = 100;

type Settled = Extract<JournalEvent, { type: 'change.settled' }>;

interface UndoRequest {
  readonly change: Change;
  readonly behaviour: ChangeBehaviour;
  readonly bootId: string;
  /** When the change was intended, in ms since the epoch, and whether an earlier undo of it has begun. */
  readonly journaled: { readonly intendedAt: number; readonly undoBegun: boolean };
  readonly looking: HostContext;
  readonly acting: HostContext;
  /** Waited for before the host is touched; must make the beginning durable. */
  begin(): Promise<void>;
}

/**
 * Takes one change back: looks, acts, looks again, as the table says. Never throws for what the host answers: a change that
 * cannot be undone is settled as `stuck` with the reason.
 */
export async function undoChange(parts: UndoRequest): Promise<Settled> {
  const { change, behaviour, journaled, looking } = parts;
  const says = journaledChange(parts);
  const lateEffect = lateEffectOf(behaviour, journaled.intendedAt, looking.host.clock);
  for (;;) {
    const seen: Standing = says === 'lost' ? LOST : await lateEffect.during(() => lookAt(parts));
    const shows = seen.found === 'gone' && lateEffect.isPossible() ? 'not yet' : seen.found;
    switch (BACK[says][shows]) {
      case 'undo':
        return undo(parts);
      case 'observe again':
        await pause(looking.host.clock, OBSERVE_AGAIN_MS);
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

const LOST: Standing = { found: 'gone', reason: 'the machine was restarted since, which took it away' };

/** What the journal says of a change that is to be undone. */
export function journaledChange({
  change,
  behaviour,
  bootId,
  journaled,
}: Omit<UndoRequest, 'looking' | 'acting' | 'begin'>): JournaledChange {
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

/** Whether a request that was made may still be carried out. */
interface LateEffect {
  isPossible(): boolean;
  /** Takes a look, and notes how long the answer was waited for. */
  during<Seen>(look: () => Promise<Seen>): Promise<Seen>;
}

/**
 * Whether a request that was made at `intendedAt` may still be carried out; however the clock was set, for no longer than its
 * time. That time counts from the answer to a look where it was waited for as long as that: whoever stood still (an engine that
 * was stopped, a machine that was suspended) has before it what it was asked earlier, and may carry it out after it has answered.
 * It is given more time once only: one that is slow at each look holds nobody up for ever.
 */
export function lateEffectOf({ landsWithinMs }: ChangeBehaviour, intendedAt: number, clock: Clock): LateEffect {
  let until = Math.min(intendedAt, clock.now()) + landsWithinMs;
  let stoodStill = false;
  return {
    isPossible: () => clock.now() < until,
    async during(look) {
      const begunAt = clock.now();
      const seen = await look();
      const answeredAt = clock.now();
      if (!stoodStill && landsWithinMs > 0 && answeredAt - begunAt >= landsWithinMs / 2) {
        stoodStill = true;
        until = Math.max(until, answeredAt + landsWithinMs);
      }
      return seen;
    },
  };
}

async function undo(parts: UndoRequest): Promise<Settled> {
  const { change } = parts;
  await parts.begin();
  const done = await tryUndo(parts);
  const after = done.type === 'told' ? done.standing : await lookAt(parts);
  if (after.found === 'gone') return settled(change, 'reverted', null);
  if (after.found === 'unknown') return settled(change, 'stuck', after.error.message);
  return settled(
    change,
    'stuck',
    done.type === 'failed' ? done.error.message : 'it is still there after it was undone',
  );
}

type Tried =
  | { readonly type: 'done' }
  | { readonly type: 'told'; readonly standing: Standing }
  | { readonly type: 'failed'; readonly error: WfError };

async function tryUndo({ change, behaviour, acting }: UndoRequest): Promise<Tried> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const standing = await behaviour.undo(change.record, acting);
      return standing ? { type: 'told', standing } : { type: 'done' };
    } catch (thrown) {
      const error = asWfError(thrown);
      if (error.code === 'E_LEASE_LOST') throw error;
      if (!error.transient || attempt === UNDO_ATTEMPTS || acting.signal.aborted) return { type: 'failed', error };
      await pause(acting.host.clock, FIRST_PAUSE_MS * 2 ** (attempt - 1));
    }
  }
}

/** A look that throws is a look that could not tell. */
async function lookAt({ change, behaviour, looking }: UndoRequest): Promise<Standing> {
  try {
    return await behaviour.look(change.record, looking);
  } catch (thrown) {
    const error = asWfError(thrown);
    if (error.code === 'E_LEASE_LOST') throw error;
    return { found: 'unknown', error };
  }
}

export function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}

function settled(change: Change, status: Settled['status'], reason: string | null): Settled {
  return { type: 'change.settled', seq: change.seq, status, reason };
}

/** What is said of a change whose step runner nobody knows any more. */
export function unknownRunner(change: Change): WfError {
  return new WfError('E_STEP_NOT_FOUND', `no step runner ${change.kind} is known, which made ${change.target}`, {
    hint: change.undo.length > 0 ? `Undo it by hand: ${change.undo.join(' && ')}` : 'Undo it by hand.',
  });
}
