import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { limitText } from '../../engine/model/time-limit.ts';
import type { Argv } from '../../engine/ports/command.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import { recordAnswer } from './ask-in-container.ts';
import { hostNameSchema } from './host-name.ts';
import { targetAddress } from './name.ts';
import { namespaceOrigin, originName, probeOrigin, typedFrom } from './origin.ts';
import { PATH_HINT } from './path-hint.ts';
import { askAgent } from './probe-agent.ts';
import { deadlineSchema, mustInput } from './probe-time.ts';

/** A TCP port. */
export const portSchema = z.number().int().min(1).max(65_535);

const inputSchema = z.object({
  from: probeOrigin,
  to: hostNameSchema.describe("address, or name resolved with the container's name server or the host's resolv.conf"),
  port: portSchema.describe('port'),
  expect: z
    .enum(['connected', 'refused'])
    .default('connected')
    .describe('expected answer; `refused`: the target is up, and nobody listens on the port'),
  deadlineMs: deadlineSchema,
  must: mustInput('nothing may answer, not even with a refusal'),
});
type TcpInput = z.output<typeof inputSchema>;

const outcomeSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('connected') }),
  z.object({ type: z.literal('refused') }),
  z.object({ type: z.literal('no-answer'), code: z.string() }),
]);
type TcpOutcome = z.output<typeof outcomeSchema>;

const outputSchema = z.object({
  to: z.string().describe('address or name of the input'),
  port: z.number().int().describe('port of the input'),
  outcome: z.enum(['connected', 'refused', 'no-answer']).describe('result of the last attempt'),
  answered: z.boolean().describe('whether anything answered; a refusal is an answer'),
});

export const tcpProbe = defineStep({
  kind: 'probe.tcp',
  description: 'Opens a TCP connection and expects a connection, a refusal or silence. It sends no data.',
  input: inputSchema,
  output: outputSchema,
  commands: (input) => [typedFrom(input.from, netcat(input))],
  rehearse: ({ to, port, expect, must }): z.output<typeof outputSchema> => ({
    to,
    port,
    outcome: must === 'fail' ? 'no-answer' : expect,
    answered: must === 'succeed',
  }),

  async read(input, context) {
    const { port, expect, must, deadlineMs } = input;
    const from = await namespaceOrigin(input.from, context.host.docker);
    const to = await targetAddress(context, from, input);
    const { outcome, run } = await askAgent(context, from, { kind: 'tcp', to, port, expect }, input, outcomeSchema);
    recordAnswer(context, from, netcat(input), run, describe(input, outcome), outcome.type === 'connected' ? 0 : 1);
    const answered = outcome.type !== 'no-answer';
    const details = { to: input.to, port, outcome: outcome.type };
    if (must === 'fail' && answered) {
      throw new WfError(
        'E_PROBE_ANSWERED',
        `${describe(input, outcome)} from ${originName(from)}; it should be silent`,
        {
          hint: 'Check the routes, bridges and firewall rules between the two: they can reach each other.',
          details,
        },
      );
    }
    if (must === 'succeed' && outcome.type !== expect) {
      throw new WfError(
        'E_PROBE_FAILED',
        `${describe(input, outcome)} from ${originName(from)} within ${limitText(deadlineMs)}; it should be ${expect}`,
        { hint: `Check the service with \`ss -tlnp\` at its place, and ${PATH_HINT}.`, details },
      );
    }
    return { ...details, answered };
  },
});

function describe({ to, port }: TcpInput, outcome: TcpOutcome): string {
  return `TCP to ${to} port ${port}: ${outcome.type === 'no-answer' ? `no answer, ${outcome.code}` : outcome.type}`;
}

/** Returns the command that a person would type. */
function netcat({ to, port, deadlineMs }: TcpInput): Argv {
  return ['nc', '-v', '-z', '-w', String(Math.ceil(deadlineMs / 1_000)), to, String(port)];
}
