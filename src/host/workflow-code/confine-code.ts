import process from 'node:process';
import { createContext, runInContext } from 'node:vm';
import { limitText } from '../../engine/model/time-limit.ts';
import { reserveProcess } from '../processes/own-process.ts';

/** The translation of a workflow file takes less than a second, and ten on an overloaded machine. */
const LIMIT_MS = 20_000;

/**
 * Calls `load`, which executes code of a workflow file, and returns its result. Until it returns, that code can neither print to
 * standard output nor end the process.
 * @throws what `load` throws; an Error if it has not ended after twenty seconds
 */
export async function confineCode(load: () => unknown): Promise<unknown> {
  const release = reserveProcess();
  let answer: unknown;
  try {
    answer = callInTime(load);
  } finally {
    release();
  }
  return settleInTime(answer);
}

let previous: Promise<unknown> = Promise.resolve();

/**
 * Like confineCode, for a command, whose process is wf's own: an uncaught error during the call counts as thrown by `load`. Calls
 * run one after the other.
 */
export function confineCodeOfCommand(load: () => unknown): Promise<unknown> {
  const answer = previous.then(() => withUncaughtErrors(load));
  previous = answer.catch(() => {});
  return answer;
}

async function withUncaughtErrors(load: () => unknown): Promise<unknown> {
  const uncaught = new Promise((_resolve, reject) => process.setUncaughtExceptionCaptureCallback(reject));
  // An unhandled rejection, and a timer that is due, fire within the next millisecond.
  const loaded = confineCode(load).then((answer) => new Promise((resolve) => setTimeout(() => resolve(answer), 1)));
  try {
    return await Promise.race([uncaught, loaded]);
  } finally {
    process.setUncaughtExceptionCaptureCallback(null);
  }
}

function callInTime(load: () => unknown): unknown {
  let answer: unknown;
  const context = createContext({
    call: () => {
      answer = load();
    },
  });
  try {
    runInContext('call()', context, { timeout: LIMIT_MS });
  } catch (thrown) {
    if (isTimeout(thrown)) throw tooLate();
    throw thrown;
  }
  return answer;
}

/** The error comes from another context and is not an instance of this Error. */
function isTimeout(thrown: unknown): boolean {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return false;
  return thrown.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}

function settleInTime(answer: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(tooLate()), LIMIT_MS);
    Promise.resolve(answer)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}

function tooLate(): Error {
  return new Error(`it did not finish within ${limitText(LIMIT_MS)}`);
}
