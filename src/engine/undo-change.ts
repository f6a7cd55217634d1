import type { Change } from './change.ts';
import { asWfError, WfError } from './errors.ts';
import type { JournalEvent } from './journal-event.ts';
import type { Clock } from './ports/clock.ts';
import type { ChangeBehaviour, HostContext, Standing } from './step.ts';

/** A busy engine or a lost connection: an undo is tried this often before its change is called stuck. */
const UNDO_ATTEMPTS = 4;
const FIRST_PAUSE_MS = 100;

type Settled = Extract<JournalEvent, { type: 'change.settled' }>;

/**
 * Takes one change back: looks, acts, looks again. Never throws for what the host answers: a change that cannot be
 * undone is settled as `stuck` with the reason.
 * @param begin is called, and must make the beginning durable, before the host is touched.
 */
export async function undoChange(
  change: Change,
  behaviour: ChangeBehaviour,
  context: HostContext,
  bootId: string,
  begin: () => void,
): Promise<Settled> {
  if (change.bootId !== bootId && !behaviour.survivesReboot) {
    return settled(change, 'gone', 'the machine was restarted since, which took it away');
  }
  const before = await lookAt(change, behaviour, context);
  if (before.found === 'gone') return settled(change, 'gone', before.reason);
  if (before.found === 'unknown') return settled(change, 'stuck', before.error.message);
  begin();
  const failure = await tryUndo(change, behaviour, context);
  const after = await lookAt(change, behaviour, context);
  if (after.found === 'gone') return settled(change, 'reverted', null);
  if (after.found === 'unknown') return settled(change, 'stuck', after.error.message);
  return settled(change, 'stuck', failure?.message ?? 'it is still there after it was undone');
}

async function tryUndo(change: Change, behaviour: ChangeBehaviour, context: HostContext): Promise<WfError | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await behaviour.undo(change.record, context);
      return undefined;
    } catch (thrown) {
      const error = asWfError(thrown);
      if (!error.transient || attempt === UNDO_ATTEMPTS || context.signal.aborted) return error;
      await pause(context.host.clock, FIRST_PAUSE_MS * 2 ** (attempt - 1));
    }
  }
}

/** A look that throws is a look that could not tell. */
async function lookAt(change: Change, behaviour: ChangeBehaviour, context: HostContext): Promise<Standing> {
  try {
    return await behaviour.look(change.record, context);
  } catch (thrown) {
    return { found: 'unknown', error: asWfError(thrown) };
  }
}

function pause(clock: Clock, delayMs: number): Promise<void> {
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
