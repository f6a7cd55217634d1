import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { limitText } from '../../engine/model/time-limit.ts';
import type { Argv } from '../../engine/ports/command.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { addressSchema } from '../net/name-schema.ts';
import { askInContainer, recordAnswer } from './ask-in-container.ts';
import { hostNameSchema } from './host-name.ts';
import { CONTAINER_NAME_SERVER } from './name.ts';
import { originName, probeOrigin, resolveOrigin, typedFrom } from './origin.ts';
import { asNslookup, type DnsOutcome, dnsOutcome, parseNslookup } from './outputs/dns-output.ts';
import { askAgent } from './probe-agent.ts';
import { deadlineSchema, mustInput } from './probe-time.ts';

const inputSchema = z.object({
  from: probeOrigin,
  name: hostNameSchema.describe('name to resolve; no search domain is added'),
  server: addressSchema.default(CONTAINER_NAME_SERVER).describe('address of the name server'),
  deadlineMs: deadlineSchema,
  must: mustInput('the name must not resolve'),
});
type DnsInput = z.output<typeof inputSchema>;

const outputSchema = z.object({
  name: z.string().describe('name of the input'),
  addresses: z.array(z.string()).describe('IPv4 addresses of the name'),
  outcome: z
    .enum(['resolved', 'no-such-name', 'no-answer'])
    .describe('`no-answer`: the server was silent until the deadline, refused, or failed'),
});
type DnsOutput = z.infer<typeof outputSchema>;

export const dnsProbe = defineStep({
  kind: 'probe.dns',
  description: 'Asks a name server for the addresses of a name and expects some or none.',
  input: inputSchema,
  output: outputSchema,
  commands: (input) => [typedFrom(input.from, nslookup(input))],
  rehearse: ({ name, must }): DnsOutput => ({
    name,
    addresses: [],
    outcome: must === 'fail' ? 'no-such-name' : 'resolved',
  }),

  async read(given, context) {
    const input = { ...given, from: await resolveOrigin(given.from, context) };
    const { from, name, server, deadlineMs, must } = input;
    const outcome =
      from.type === 'container'
        ? await askInContainer(context, input, question(input))
        : await askByAgent(context, input);
    const addresses = outcome.type === 'resolved' ? outcome.addresses : [];
    if (must === 'fail' && outcome.type === 'resolved') {
      throw new WfError(
        'E_PROBE_ANSWERED',
        `${name} resolves from ${originName(from)} to ${addresses.join(', ')}; it should not`,
        {
          hint: 'Find the network that knows the name with `docker network inspect`: the asking container is on it.',
          details: { name, addresses },
        },
      );
    }
    if (must === 'succeed' && outcome.type !== 'resolved') {
      const why = outcome.type === 'no-such-name' ? 'the name is unknown' : `no answer (${outcome.code})`;
      throw new WfError(
        'E_PROBE_FAILED',
        `${name} does not resolve from ${originName(from)} at ${server} within ${limitText(deadlineMs)}: ${why}`,
        { hint: 'Check that the container runs and is on this network.', details: { name, server } },
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
