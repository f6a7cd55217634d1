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
  open(): Promise<Subject>;
  /** Told after each. */
  done?(killed: KilledRun): void;
}

/**
 * A point that is not reached is tried again: which of two parallel steps gets a commit of its own is left to chance, and how
 * often a step looks before it touches the host, which its touches are numbered by.
 */
const TRIES = 4;

/** More than this many failures tell nothing new. */
const FAILURES_AT_MOST = 5;

/** Kills at each point in turn. What failed is not judged any further: the next one begins on a new host. */
export async function crashMatrix(request: MatrixRequest): Promise<readonly KilledRun[]> {
  const killed: KilledRun[] = [];
  const { journey, verb, prefix } = request;
  let subject = await request.open();
  try {
    let before = await subject.state();
    for (const [index, point] of request.points.entries()) {
      const result = await killWithin(TRIES, { subject, journey, verb, before, run: `${prefix}${index + 1}`, point });
      killed.push(result);
      request.done?.(result);
      if (result.problems.length === 0) continue;
      if (failures(killed).length >= FAILURES_AT_MOST) break;
      await subject.close();
      subject = await request.open();
      before = await subject.state();
    }
  } finally {
    await subject.close();
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
    // What it came to without the kill has to be right, too: one problem is that the point was not reached.
    if (result.reached || result.problems.length > 1 || attempt === tries) return result;
    point = result.passed.find((other) => isSameTouch(other, order.point)) ?? point;
  }
}
