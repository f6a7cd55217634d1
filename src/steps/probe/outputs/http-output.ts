import { z } from 'zod';

/** Outcome of an HTTP request. */
export const httpOutcome = z.discriminatedUnion('type', [
  z.object({ type: z.literal('response'), status: z.number().int(), body: z.string() }),
  z.object({ type: z.literal('no-answer'), code: z.string() }),
]);
export type HttpOutcome = z.infer<typeof httpOutcome>;

/** A refusal is an answer of the target's kernel: packets travel there and back. */
const REFUSALS = new Set(['ECONNREFUSED', 'ECONNRESET']);

/** Returns whether the target answered in any way. */
export function hasAnswered(outcome: HttpOutcome): boolean {
  return outcome.type === 'response' || REFUSALS.has(outcome.code);
}

/** Formats an outcome like `wget -qO-`. */
export function asWget(outcome: HttpOutcome): string {
  if (outcome.type === 'no-answer') {
    return outcome.code === 'ETIMEDOUT'
      ? 'wget: download timed out\n'
      : `wget: can't connect to remote host: ${outcome.code}\n`;
  }
  return isFine(outcome.status) ? outcome.body : `wget: server returned error: HTTP/1.1 ${outcome.status}\n`;
}

/** Parses the output of `wget -qO-`, of busybox or GNU. */
export function parseWget(output: string, exitCode: number | null): HttpOutcome {
  if (exitCode === 0) return { type: 'response', status: 200, body: output };
  const status = /HTTP\/1\.\d (\d{3})|ERROR (\d{3})/.exec(output);
  if (status !== null) return { type: 'response', status: Number(status[1] ?? status[2]), body: '' };
  if (/refused/i.test(output)) return { type: 'no-answer', code: 'ECONNREFUSED' };
  if (/reset/i.test(output)) return { type: 'no-answer', code: 'ECONNRESET' };
  if (/No route to host|Host is unreachable/i.test(output)) return { type: 'no-answer', code: 'EHOSTUNREACH' };
  if (/Network (is )?unreachable/i.test(output)) return { type: 'no-answer', code: 'ENETUNREACH' };
  return { type: 'no-answer', code: 'ETIMEDOUT' };
}

export function isFine(status: number): boolean {
  return status >= 200 && status < 300;
}
