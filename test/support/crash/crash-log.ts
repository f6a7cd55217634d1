/**
 * Returns, of all crash points of a run, one for each state that a kill can leave: after each commit, after each touch of the host, and
 * before each. Left out is what leaves the same state as another one: the events that share a commit; what only reads; the near
 * side of a commit, before which nothing has happened since what came last; the commit of an intent, after which the touch comes
 * whose near side is tried; the near side of a touch that follows another one of the same step.
 */
export function distinctPoints(points: readonly string[]): readonly string[] {
  const touching = points.filter((point) => !isRead(point));
  return touching.filter((point, index) => {
    const last = touching[index - 1] ?? '';
    if (point.startsWith('before commit')) return false;
    if (point.startsWith('before touch')) return !(last.startsWith('after touch') && stepOf(last) === stepOf(point));
    if (point.startsWith('after touch')) return true;
    if (touching[index + 1]?.startsWith('before touch')) return last.startsWith('after commit');
    return !last.startsWith('after commit');
  });
}

/**
 * Of these, those at which to kill where not all can be tried: all touches of the host, all that concerns a change or the end of
 * the run, and every `every`-th of the others.
 */
export function fewerPoints(points: readonly string[], every: number): readonly string[] {
  let others = 0;
  return points.filter((point) => isWeighty(point) || others++ % every === 0);
}

function isWeighty(point: string): boolean {
  return / touch | commit (create|lease|baseline|change\.|rolling-back|verified|ended)/.test(point);
}

/** Whether two points are the same touch of the host, but for the number of those before it. */
export function isSameTouch(one: string, other: string): boolean {
  const unnumbered = (point: string) => point.replace(/ (apply|undo) \d+ /, ' $1 ');
  return one.includes(' touch ') && unnumbered(one) === unnumbered(other);
}

/** `apply` and `undo` look around, too: such a command touches nothing. */
function isRead(point: string): boolean {
  return / touch .* ip -json/.test(point);
}

/** `touch STEP apply` of a point. */
function stepOf(point: string): string {
  return point.split(' ').slice(1, 4).join(' ');
}
