import { randomBytes } from 'node:crypto';
import { customRandom } from 'nanoid';
import type { EngineParts } from '../engine/engine.ts';
import { WfError } from '../engine/errors.ts';
import { parseRunId, type RunId } from '../engine/ids.ts';
import type { HistoryPort } from '../engine/ports/history.ts';
import type { Runtimes } from '../engine/ports/runtime.ts';
import { lockedClaims } from '../host/claims.ts';
import { systemClock } from '../host/clock.ts';
import { createCrashPoints } from '../host/crash-points.ts';
import { createGhosts } from '../host/ghosts.ts';
import { isAlive, ownProcess } from '../host/process.ts';

/**
 * Ten of 31 characters without look-alikes: a million runs collide with a chance of one in 1,600, and then are refused.
 * The random bytes are Node's own: those of Web Crypto, which nanoid takes by itself, take 2 ms to load.
 */
const newId = customRandom('23456789abcdefghjkmnpqrstuvwxyz', 10, randomPool(1024));

/** Random bytes, asked for so many at a time: to ask takes as long for one id as for fifty. */
function randomPool(atOnce: number): (size: number) => Uint8Array {
  let pool = new Uint8Array();
  return (size) => {
    if (pool.length < size) pool = randomBytes(Math.max(atOnce, size));
    const taken = pool.subarray(0, size);
    pool = pool.subarray(size);
    return taken;
  };
}

/**
 * The real parts of an engine.
 * @param history called when the history is first needed, so that what is refused before leaves no database behind
 */
export function joinParts(runtimes: Runtimes, history: () => HistoryPort): EngineParts {
  return new JoinedParts(runtimes, history);
}

/** A class: a getter that is an object's own is looked for slowly, and each run asks for the history. */
class JoinedParts implements EngineParts {
  readonly runtimes: Runtimes;
  readonly claims = lockedClaims;
  readonly ghosts = createGhosts(systemClock);
  readonly crashPoints = createCrashPoints(process.env);
  readonly clock = systemClock;
  readonly random = Math.random;
  readonly newRunId = () => asRunId(newId());
  readonly owner = ownProcess();
  readonly isAlive = isAlive;
  readonly warn = (thrown: unknown) =>
    process.emitWarning(`an observer of a run failed: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  readonly #history: () => HistoryPort;

  constructor(runtimes: Runtimes, history: () => HistoryPort) {
    this.runtimes = runtimes;
    this.#history = history;
  }

  get history(): HistoryPort {
    return this.#history();
  }
}

function asRunId(text: string): RunId {
  const id = parseRunId(text);
  if (id === undefined) throw new WfError('E_INTERNAL', `"${text}" cannot be a run id`, { hint: 'Report this.' });
  return id;
}
