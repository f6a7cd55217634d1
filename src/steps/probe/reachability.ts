import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { ON_THE_WAY } from './on-the-way.ts';
import { namespaceOfRunning, type ProbeOrigin } from './origin.ts';
import { type AgentReport, askAgent } from './probe-agent.ts';

/** Addresses by the names that are told of them. */
const targets = z.record(z.string(), z.ipv4());

const inputSchema = z
  .object({
    /** A container as `docker.container` gives it: another start of it is another one. */
    from: z.object({ id: z.string(), name: z.string(), startedAt: z.string() }),
    /** Those that must answer. They are the control of those that must not: without any, silence shows nothing. */
    answering: targets.refine((given) => Object.keys(given).length > 0, 'without a control, silence shows nothing'),
    /** Those that must not. */
    silent: targets,
    /** How long an answer is waited for, asking again; it is far more than one takes. */
    deadlineMs: z.number().int().min(50),
    /** How long silence has to last. */
    silenceMs: z.number().int().min(50),
  })
  .refine(({ deadlineMs, silenceMs }) => silenceMs <= deadlineMs, {
    message: 'silence cannot be listened for longer than the deadline',
    path: ['silenceMs'],
  });
type ReachabilityInput = z.output<typeof inputSchema>;

/** What the agent says: those that were not as they must be. */
const outcomeSchema = z.object({
  /** Must have answered, and did not. */
  missing: z.array(z.string()),
  /** Must have been silent, and answered. */
  heard: z.array(z.string()),
  /** Must have been silent; nothing could be sent to them, so that their silence shows nothing. */
  unsent: z.array(z.string()),
});
type Outcome = z.output<typeof outcomeSchema>;

/**
 * Tells which of many addresses a container reaches, all at a time: by TCP to a port where nobody listens. One that is there
 * refuses the connection at once; one that cannot be reached is silent.
 */
export const reachabilityProbe = defineStep({
  kind: 'probe.reachability',
  description:
    'Asks many addresses at a time from one container, expecting an answer of some and silence of the others.',
  input: inputSchema,
  output: z.object({ from: z.string(), answered: z.number().int(), silent: z.number().int() }),
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
    // It is asked once, and asks again by itself where an answer is missing.
    const report = await askAgent(context, origin, request, { deadlineMs, mustFail: true }, outcomeSchema);
    recordAnswers(context, input, report);
    const wrong = wrongPairs(input, report.outcome);
    if (wrong.length === 0) return asExpected(input);
    throw new WfError(
      report.outcome.heard.length > 0 ? 'E_PROBE_ANSWERED' : 'E_PROBE_FAILED',
      `not every pair is as it must be: ${wrong.join('; ')}`,
      {
        hint: `Look whether each of them runs, and ${ON_THE_WAY}.`,
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
  const what = container === null ? 'was removed' : container.running ? 'was started again' : 'has ended';
  throw new WfError('E_NAMESPACE_GONE', `container ${name} ${what}`, {
    hint: 'Undo the run with `wf rollback RUN`, and start it again.',
  });
}

/** Each pair that is not as it must be, by names. */
function wrongPairs({ from, answering, silent, deadlineMs }: ReachabilityInput, { missing, heard, unsent }: Outcome) {
  const named = (addresses: readonly string[], among: Readonly<Record<string, string>>, what: string) => {
    const meant = new Set(addresses);
    return Object.entries(among).flatMap(([name, address]) =>
      meant.has(address) ? [`${from.name} -> ${name} (${address}) ${what}`] : [],
    );
  };
  return [
    ...named(missing, answering, `did not answer within ${deadlineMs} ms`),
    ...named(heard, silent, 'answered, and should not have'),
    ...named(unsent, silent, 'could not be asked'),
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
    command: `# TCP from ${from.name} to ${asked} addresses at a time (a refusal is an answer)`,
    output: [
      `${Object.keys(answering).length - missing.length} answered that had to; ${quiet} were silent for ${silenceMs} ms that had to be`,
      ...some('no answer', missing),
      ...some('answered, and should not have', heard),
      ...some('could not be asked', unsent),
    ].join('\n'),
    exitCode: missing.length + heard.length + unsent.length === 0 ? 0 : 1,
    startedAt: run.startedAt,
    durationMs: run.durationMs,
  });
}
