import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { limitText } from '../../engine/model/time-limit.ts';
import type { Argv } from '../../engine/ports/command.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { askInContainer, recordAnswer } from './ask-in-container.ts';
import { originName, probeOrigin, resolveOrigin, typedFrom } from './origin.ts';
import { asWget, type HttpOutcome, hasAnswered, httpOutcome, isFine, parseWget } from './outputs/http-output.ts';
import { PATH_HINT } from './path-hint.ts';
import { askAgent } from './probe-agent.ts';
import { deadlineSchema, mustInput } from './probe-time.ts';

const inputSchema = z.object({
  from: probeOrigin,
  url: z.url({ protocol: /^http$/ }).describe('URL with the scheme `http`'),
  expect: z
    .string()
    .nullable()
    .default(null)
    .describe('expected body, compared without surrounding white space; null accepts any'),
  deadlineMs: deadlineSchema,
  must: mustInput('nothing may answer, not even with a refusal'),
});
type HttpInput = z.output<typeof inputSchema>;

export const httpProbe = defineStep({
  kind: 'probe.http',
  description: 'Fetches a URL and expects a certain answer or none.',
  input: inputSchema,
  output: z.object({
    url: z.string().describe('URL of the input'),
    status: z.number().int().nullable().describe('HTTP status; null if nothing answered'),
    body: z.string().describe('body, at most 16 KiB'),
    answered: z.boolean().describe('whether a response came'),
  }),
  commands: (input) => [typedFrom(input.from, wget(input))],
  rehearse: ({ url, expect, must }) =>
    must === 'fail'
      ? { url, status: null, body: '', answered: false }
      : { url, status: 200, body: expect ?? '', answered: true },

  async read(given, context) {
    const input = { ...given, from: await resolveOrigin(given.from, context) };
    const { from, url, must } = input;
    const outcome =
      from.type === 'container'
        ? await askInContainer(context, input, question(input))
        : await askByAgent(context, input);
    if (must === 'fail') requireSilence(input, outcome);
    else requireRightAnswer(input, outcome);
    return outcome.type === 'response'
      ? { url, status: outcome.status, body: outcome.body, answered: true }
      : { url, status: null, body: '', answered: false };
  },
});

function requireSilence({ from, url }: HttpInput, outcome: HttpOutcome): void {
  if (!hasAnswered(outcome)) return;
  throw new WfError('E_PROBE_ANSWERED', `${url} answered ${originName(from)} (${describe(outcome)}); it should not`, {
    hint: 'Check the routes, bridges and firewall rules between the two: they can reach each other.',
  });
}

function requireRightAnswer({ from, url, expect, deadlineMs }: HttpInput, outcome: HttpOutcome): void {
  if (isRight(outcome, expect)) return;
  const wanted = expect === null ? 'an answer' : `"${expect}"`;
  throw new WfError(
    'E_PROBE_FAILED',
    `${url} did not give ${originName(from)} ${wanted} within ${limitText(deadlineMs)}: ${describe(outcome)}`,
    { hint: `Check the service with \`docker logs\`, and ${PATH_HINT}.` },
  );
}

function isRight(outcome: HttpOutcome, expect: string | null): boolean {
  if (outcome.type !== 'response' || !isFine(outcome.status)) return false;
  return expect === null || outcome.body.trim() === expect.trim();
}

function describe(outcome: HttpOutcome): string {
  if (outcome.type === 'no-answer') return `no answer, ${outcome.code}`;
  return `status ${outcome.status}, "${outcome.body.trim().slice(0, 100)}"`;
}

async function askByAgent(context: HostContext, input: HttpInput): Promise<HttpOutcome> {
  const { from, url, expect } = input;
  const request = { kind: 'http', url, expect: expect?.trim() ?? null };
  const { outcome, run } = await askAgent(context, from, request, input, httpOutcome);
  const fine = outcome.type === 'response' && isFine(outcome.status);
  recordAnswer(context, from, wget(input), run, asWget(outcome), fine ? 0 : 1);
  return outcome;
}

function question(input: HttpInput) {
  const isGood = (outcome: HttpOutcome) => isRight(outcome, input.expect);
  return { argv: wget(input), parse: parseWget, isGood };
}

function wget({ url }: HttpInput): Argv {
  return ['wget', '-qO-', url];
}
