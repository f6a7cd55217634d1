import { guardObserver } from '../machine/guard-observer.ts';
import { type Owner, sameOwner } from '../model/identity/owner.ts';
import type { EngineDependencies, FollowedRun, RunObserver } from './engine.ts';

/** A run whose journal entries go to two observers. */
interface Following {
  readonly observer: RunObserver;
  /** Reports that this process has released the run. */
  released(): void;
}

/**
 * Lets the follower of the engine, if it has one, follow a run beside the observer of the caller.
 * @param holder the process that held the lease before; null if none did
 */
export function followRun(
  { followRun: follow, owner, warn = () => {} }: EngineDependencies,
  run: Omit<FollowedRun, 'lostBy'>,
  holder: Owner | null,
  observer: RunObserver,
): Following {
  // A run that hibernates is resumed by the process that holds its lease.
  const lostBy = holder !== null && !sameOwner(holder, owner) ? holder : null;
  const guarded = <Answer>(call: () => Answer): Answer | undefined => {
    try {
      return call();
    } catch (thrown) {
      warn(thrown);
      return undefined;
    }
  };
  const follower = guarded(() => follow?.({ ...run, lostBy }));
  if (follower === undefined) return { observer, released: () => {} };
  const { committed } = guardObserver(follower, warn);
  return {
    observer: {
      ...observer,
      committed(entry) {
        observer.committed?.(entry);
        committed?.(entry);
      },
    },
    released: () => guarded(() => follower.released()),
  };
}
