import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { limitText } from '../../engine/model/time-limit.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { containerHandleSchema } from '../container-handle.ts';
import { namespaceOfRunning, type ProbeOrigin } from './origin.ts';
import { PATH_HINT } from './path-hint.ts';
import { type AgentReport, askAgent } from './probe-agent.ts';

/** Addresses by display name. */
const targets = z.record(z.string(), z.ipv4());

const inputSchema = z
  .object({
    from: containerHandleSchema
      .pick({ id: true, name: true, startedAt: true })
      .describe('container to probe from, an output of `docker.container`'),
    answering: targets
      .refine((given) => Object.keys(given).length > 0, 'must not be empty: without a control, silence proves nothing')
      .describe('addresses that must answer, by name: the control of the silent ones'),
    silent: targets.describe('addresses that must not answer, by name'),
    deadlineMs: z.number().int().min(50).describe('longest wait for an answer in milliseconds'),
    silenceMs: z.number().int().min(50).describe('duration of the silence in milliseconds'),
  })
  .refine(({ deadlineMs, silenceMs }) => silenceMs <= deadlineMs, {
    message: 'must not be longer than deadlineMs',
    path: ['silenceMs'],
  });
type ReachabilityInput = z.output<typeof inputSchema>;

/** Report of the agent: the targets that did not behave as expected. */
const outcomeSchema = z.object({
  /** Targets that had to answer and did not. */
  missing: z.array(z.string()),
  /** Targets that had to be silent and answered. */
  heard: z.array(z.string()),
  /** Targets that had to be silent, but nothing could be sent to them: their silence proves nothing. */
  unsent: z.array(z.string()),
});
type Outcome = z.output<typeof outcomeSchema>;

/**
 * Probes many addresses from one container in parallel: opens TCP connections to an unused port. A reachable target refuses the
 * connection at once; an unreachable one is silent.
 */
export const reachabilityProbe = defineStep({
  kind: 'probe.reachability',
  description:
    'Probes many addresses in parallel from one container and expects answers from some and silence from the others.',
  input: inputSchema,
  output: z.object({
    from: z.string().describe('container name'),
    answered: z.number().int().describe('number of addresses that answered, as they had to'),
    silent: z.number().int().describe('number of addresses that were silent, as they had to be'),
  }),
  commands: ({ from, answering, silent }) => [
    [
      ...(['docker', 'exec', from.name, 'nmap', '-Pn', '-n', '-p', '7'] as const),
      ...Object.values(answering),
      ...Object.values(silent),
    ],
  ],
  rehearse: asExpected,

  async read(input, context) {
    const { from, answering, silent, silenceMs, deadlineMs } = input;
    const request = {
      kind: 'reach-all',
      answering: Object.values(answering),
      silent: Object.values(silent),
      silenceMs,
    };
    const origin = await originOf(input, context);
    // Asks the agent once: it repeats itself if an answer is missing.
    const report = await askAgent(context, origin, request, { deadlineMs, must: 'fail' }, outcomeSchema);
    recordAnswers(context, input, report);
    const wrong = wrongPairs(input, report.outcome);
    if (wrong.length === 0) return asExpected(input);
    throw new WfError(
      report.outcome.heard.length > 0 ? 'E_PROBE_ANSWERED' : 'E_PROBE_FAILED',
      `unexpected reachability: ${wrong.join('; ')}`,
      {
        hint: `Check that each of them runs, and ${PATH_HINT}.`,
        details: { from: from.name, ...report.outcome },
      },
    );
  },
});

function asExpected({ from, answering, silent }: ReachabilityInput) {
  return { from: from.name, answered: Object.keys(answering).length, silent: Object.keys(silent).length };
}

async function originOf({ from }: ReachabilityInput, { host }: HostContext): Promise<ProbeOrigin> {
  const { id, name, startedAt } = from;
  const container = await host.docker.container(id);
  if (container?.running === true && container.startedAt === startedAt) {
    return { type: 'namespace', label: name, namespace: await namespaceOfRunning(container, host.docker) };
  }
  const what = container === null ? 'was removed' : container.running ? 'was restarted' : 'has ended';
  throw new WfError('E_NAMESPACE_GONE', `container ${name} ${what}`, {
    hint: 'Undo the run with `wf rollback RUN`, then start it again.',
  });
}

/** Describes each pair that does not behave as expected. */
function wrongPairs({ from, answering, silent, deadlineMs }: ReachabilityInput, { missing, heard, unsent }: Outcome) {
  const named = (addresses: readonly string[], among: Readonly<Record<string, string>>, what: string) => {
    const meant = new Set(addresses);
    return Object.entries(among).flatMap(([name, address]) =>
      meant.has(address) ? [`${from.name} -> ${name} (${address}) ${what}`] : [],
    );
  };
  return [
    ...named(missing, answering, `did not answer within ${limitText(deadlineMs)}`),
    ...named(heard, silent, 'answered and should not have'),
    ...named(unsent, silent, 'could not be probed'),
  ];
}

function recordAnswers(
  context: HostContext,
  { from, answering, silent, silenceMs }: ReachabilityInput,
  { outcome, run }: AgentReport<Outcome>,
): void {
  const { missing, heard, unsent } = outcome;
  const asked = Object.keys(answering).length + Object.keys(silent).length;
  const quiet = Object.keys(silent).length - heard.length - unsent.length;
  const some = (what: string, addresses: readonly string[]) =>
    addresses.length === 0 ? [] : [`${what}: ${addresses.join(' ')}`];
  context.record({
    command: `# TCP from ${from.name} to ${asked} addresses in parallel (a refusal is an answer)`,
    output: [
      `${Object.keys(answering).length - missing.length} answered as expected; ${quiet} were silent for ${limitText(silenceMs)} as expected`,
      ...some('no answer', missing),
      ...some('answered and should not have', heard),
      ...some('could not be probed', unsent),
    ].join('\n'),
    exitCode: missing.length + heard.length + unsent.length === 0 ? 0 : 1,
    startedAt: run.startedAt,
    durationMs: run.durationMs,
  });
}
