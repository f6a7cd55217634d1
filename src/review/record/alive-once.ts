import type { Owner } from '../../engine/model/identity/owner.ts';
import type { IsAlive } from './run-status.ts';

/** Returns the same answers, but checks each process once: many runs may have one owner. Valid for one moment only. */
export function aliveOnce(isAlive: IsAlive): IsAlive {
  const known = new Map<string, boolean>();
  return (owner: Owner) => {
    const key = `${owner.pid} ${owner.startTime} ${owner.bootId} ${owner.pidNamespace}`;
    const answer = known.get(key) ?? isAlive(owner);
    known.set(key, answer);
    return answer;
  };
}
