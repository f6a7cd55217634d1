import { isSameTouch } from './crash-log.ts';
import type { Journey } from './journeys.ts';
import { type KilledRun, type KillOrder, killAndRecover, type Verb } from './kill-at-point.ts';
import type { Subject } from './subject.ts';

/** A journey, killed at each of these points and recovered. */
export interface MatrixRequest {
  readonly journey: Journey;
  readonly points: readonly string[];
  readonly verb: Verb;
  /** Begins the ids of its runs. */
  readonly prefix: string;
  /** The host of its runs, until one fails. */
  readonly subject: Subject;
  /** Opens another one after a failure. */
  open(): Promise<Subject>;
  /** Called after each. */
  done?(killed: KilledRun): void;
}

/**
 * A point that is not reached is tried again. Chance decides which of two parallel steps gets a separate commit, and how often a
 * step reads before it touches the host, which changes the numbers of its touches.
 */
const TRIES = 4;

/** More failures than this add no information. */
const FAILURES_AT_MOST = 5;

/** Kills at each point in turn. After a failure, the next point begins on a new host. */
export async function crashMatrix(request: MatrixRequest): Promise<readonly KilledRun[]> {
  const killed: KilledRun[] = [];
  const { journey, verb, prefix } = request;
  let { subject } = request;
  const close = () => (subject === request.subject ? undefined : subject.close());
  try {
    let before = await subject.state();
    for (const [index, point] of request.points.entries()) {
      const result = await killWithin(TRIES, { subject, journey, verb, before, run: `${prefix}${index + 1}`, point });
      killed.push(result);
      request.done?.(result);
      if (result.problems.length === 0) continue;
      if (failures(killed).length >= FAILURES_AT_MOST) break;
      await close();
      subject = await request.open();
      before = await subject.state();
    }
  } finally {
    await close();
  }
  return killed;
}

export function failures(killed: readonly KilledRun[]): readonly KilledRun[] {
  return killed.filter(({ problems }) => problems.length > 0);
}

async function killWithin(tries: number, order: KillOrder): Promise<KilledRun> {
  let point = order.point;
  for (let attempt = 1; ; attempt += 1) {
    const result = await killAndRecover({ ...order, point, run: `${order.run}-${attempt}` });
    // The end without the kill must be correct too: exactly one problem is the missed point.
    if (result.reached || result.problems.length > 1 || attempt === tries) return result;
    point = result.passed.find((other) => isSameTouch(other, order.point)) ?? point;
  }
}
