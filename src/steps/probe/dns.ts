import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import type { Argv } from '../../engine/ports/command.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { addressSchema } from '../net/name-schema.ts';
import { askInContainer, recordAnswer } from './ask-in-container.ts';
import { asNslookup, type DnsOutcome, dnsOutcome, parseNslookup } from './dns-output.ts';
import { hostNameSchema } from './host-name.ts';
import { CONTAINER_NAME_SERVER } from './name.ts';
import { originHere, originName, probeOrigin, typedFrom } from './origin.ts';
import { askAgent } from './probe-agent.ts';

const inputSchema = z.object({
  from: probeOrigin,
  /** As it is asked: no search domain is added. */
  name: hostNameSchema,
  server: addressSchema.default(CONTAINER_NAME_SERVER),
  /** See ProbeTime. */
  deadlineMs: z.number().int().min(50),
  /** True: fails when the name resolves. False: fails unless it does, asking again until the deadline. */
  mustFail: z.boolean().default(false),
});
type DnsInput = z.output<typeof inputSchema>;

const outputSchema = z.object({
  name: z.string(),
  addresses: z.array(z.string()),
  /** `no-answer`: the server was silent until the deadline, refused, or could not tell. */
  outcome: z.enum(['resolved', 'no-such-name', 'no-answer']),
});
type DnsOutput = z.infer<typeof outputSchema>;

/** Asks a name server for the addresses of a name. */
export const dnsProbe = defineStep({
  kind: 'probe.dns',
  description: 'Asks a name server for the addresses of a name, expecting some or none.',
  input: inputSchema,
  output: outputSchema,
  commands: (input) => [typedFrom(input.from, nslookup(input))],
  rehearse: ({ name, mustFail }): DnsOutput => ({
    name,
    addresses: [],
    outcome: mustFail ? 'no-such-name' : 'resolved',
  }),

  async read(given, context) {
    const input = { ...given, from: await originHere(given.from, context) };
    const { from, name, server, deadlineMs, mustFail } = input;
    const outcome =
      from.type === 'container'
        ? await askInContainer(context, input, question(input))
        : await askByAgent(context, input);
    const addresses = outcome.type === 'resolved' ? outcome.addresses : [];
    if (mustFail && outcome.type === 'resolved') {
      throw new WfError(
        'E_PROBE_ANSWERED',
        `${name} resolves from ${originName(from)} to ${addresses.join(', ')}; it should not`,
        {
          hint: 'The name is known on a network that the asking container is on: look at `docker network inspect`.',
          details: { name, addresses },
        },
      );
    }
    if (!mustFail && outcome.type !== 'resolved') {
      const why = outcome.type === 'no-such-name' ? 'the name is unknown' : `no answer (${outcome.code})`;
      throw new WfError(
        'E_PROBE_FAILED',
        `${name} does not resolve from ${originName(from)} at ${server} within ${deadlineMs} ms: ${why}`,
        { hint: 'Look whether the container runs and is on this network.', details: { name, server } },
      );
    }
    return { name, addresses, outcome: outcome.type };
  },
});

async function askByAgent(context: HostContext, input: DnsInput): Promise<DnsOutcome> {
  const { from, name, server } = input;
  const { outcome, run } = await askAgent(context, from, { kind: 'dns', name, server }, input, dnsOutcome);
  const exitCode = outcome.type === 'resolved' ? 0 : 1;
  recordAnswer(context, from, nslookup(input), run, asNslookup(name, server, outcome), exitCode);
  return outcome;
}

function question(input: DnsInput) {
  const isGood = (outcome: DnsOutcome) => outcome.type === 'resolved';
  return { argv: nslookup(input), parse: parseNslookup, isGood };
}

function nslookup({ name, server }: DnsInput): Argv {
  return ['nslookup', name, server];
}
