/**
 * Returns one crash point of a run for each state that a kill can leave: before and after each commit and each touch of the host.
 * Omits points that leave the same state as another one: events that share a commit; reads; the point before a commit, which equals
 * the previous point; the commit of an intent, which equals the point before the touch that follows; the point before a touch that
 * follows another one of the same step.
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
 * Returns a subset of the points: all touches of the host, all points that concern a change or the end of the run, and every
 * `every`-th of the others.
 */
export function fewerPoints(points: readonly string[], every: number): readonly string[] {
  let others = 0;
  return points.filter((point) => isWeighty(point) || others++ % every === 0);
}

function isWeighty(point: string): boolean {
  return / touch | commit (create|lease|baseline|change\.|rolling-back|verified|ended)/.test(point);
}

/** Whether two points are the same touch of the host, regardless of its number. */
export function isSameTouch(one: string, other: string): boolean {
  const unnumbered = (point: string) => point.replace(/ (apply|undo) \d+ /, ' $1 ');
  return one.includes(' touch ') && unnumbered(one) === unnumbered(other);
}

/** `apply` and `undo` also read: such a command touches nothing. */
function isRead(point: string): boolean {
  return / touch .* ip -json/.test(point);
}

/** `touch STEP apply` of a point. */
function stepOf(point: string): string {
  return point.split(' ').slice(1, 4).join(' ');
}
