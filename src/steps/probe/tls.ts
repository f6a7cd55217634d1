import { X509Certificate } from 'node:crypto';
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
import { portSchema } from './tcp.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

const inputSchema = z.object({
  from: probeOrigin,
  to: hostNameSchema.describe("address, or name resolved with the container's name server or the host's resolv.conf"),
  port: portSchema.default(443).describe('port'),
  serverName: hostNameSchema
    .nullable()
    .default(null)
    .describe('name that the server is asked for and that its certificate must have; null is `to`'),
  ca: z
    .string()
    .refine(isCertificate, 'is not a certificate in PEM')
    .nullable()
    .default(null)
    .describe('certificates in PEM that are trusted as roots; null trusts the roots of Node'),
  mustVerify: z
    .boolean()
    .default(true)
    .describe('whether the certificate must be trusted, have the name, and be valid for `validDays`'),
  validDays: z.number().min(0).default(0).describe('days for which the certificate must still be valid'),
  deadlineMs: deadlineSchema,
  must: mustInput('nothing may answer, not even with a refusal'),
});
type TlsInput = z.output<typeof inputSchema>;

const certificateSchema = z.object({
  subject: z.string().describe('subject, such as `CN=example.org`'),
  issuer: z.string().describe('issuer'),
  names: z.string().describe('alternative names, such as `DNS:example.org, IP Address:10.0.0.1`'),
  validFrom: z.string().describe('beginning of the validity, such as `2026-11-29T10:00:00.000Z`'),
  validTo: z.string().describe('end of the validity'),
  fingerprint: z.string().describe('SHA-256 of the certificate'),
});

const outcomeSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('handshake'),
    protocol: z.string(),
    problem: z.string().nullable(),
    certificate: certificateSchema,
  }),
  /** Connected, but without a handshake. */
  z.object({ type: z.literal('failed'), code: z.string() }),
  z.object({ type: z.literal('refused') }),
  z.object({ type: z.literal('no-answer'), code: z.string() }),
]);
type TlsOutcome = z.output<typeof outcomeSchema>;

const NOTHING = { answered: false, protocol: null, verified: false, problem: null, certificate: null };

export const tlsProbe = defineStep({
  kind: 'probe.tls',
  description: 'Makes a TLS handshake, and reads and verifies the certificate of the server.',
  input: inputSchema,
  output: z.object({
    to: z.string().describe('address or name of the input'),
    port: z.number().int().describe('port of the input'),
    answered: z.boolean().describe('whether anything answered'),
    protocol: z.string().nullable().describe('protocol, such as `TLSv1.3`; null without a handshake'),
    verified: z.boolean().describe('whether the certificate is trusted, has the name, and is valid for `validDays`'),
    problem: z
      .string()
      .nullable()
      .describe('why it is not, such as `CERT_HAS_EXPIRED` or `CERT_EXPIRES_TOO_SOON`; null if it is'),
    certificate: certificateSchema.nullable().describe('certificate of the server; null without a handshake'),
  }),
  commands: (input) => [typedFrom(input.from, openssl(input))],
  rehearse: ({ to, port, must }) => ({
    to,
    port,
    ...NOTHING,
    answered: must === 'succeed',
    verified: must === 'succeed',
  }),

  async read(input, context) {
    const { port, serverName, ca, mustVerify, validDays, must, deadlineMs } = input;
    const from = await namespaceOrigin(input.from, context.host.docker);
    const request = {
      kind: 'tls',
      to: await targetAddress(context, from, input),
      port,
      serverName: serverName ?? input.to,
      ca,
      mustVerify,
      validForMs: validDays * DAY_MS,
    };
    const { outcome, run } = await askAgent(context, from, request, input, outcomeSchema);
    const seen = describe(input, outcome);
    recordAnswer(context, from, openssl(input), run, seen, outcome.type === 'handshake' ? 0 : 1);
    if (must === 'fail' && outcome.type !== 'no-answer') {
      throw new WfError('E_PROBE_ANSWERED', `${seen} from ${originName(from)}; it should be silent`, {
        hint: 'Check the routes, bridges and firewall rules between the two: they can reach each other.',
      });
    }
    if (must === 'succeed' && (outcome.type !== 'handshake' || (mustVerify && outcome.problem !== null))) {
      throw new WfError('E_PROBE_FAILED', `${seen} from ${originName(from)} within ${limitText(deadlineMs)}`, {
        hint:
          outcome.type === 'handshake'
            ? 'Install a certificate that clients trust, give its root as `ca`, or set `mustVerify` to false.'
            : `Check the service, and ${PATH_HINT}.`,
      });
    }
    if (outcome.type !== 'handshake') return { to: input.to, port, ...NOTHING, answered: outcome.type !== 'no-answer' };
    const { protocol, problem, certificate } = outcome;
    return { to: input.to, port, answered: true, protocol, verified: problem === null, problem, certificate };
  },
});

function describe({ to, port }: TlsInput, outcome: TlsOutcome): string {
  const target = `TLS to ${to} port ${port}`;
  switch (outcome.type) {
    case 'handshake': {
      const { subject, issuer, names, validTo } = outcome.certificate;
      const verdict = outcome.problem === null ? 'verified' : `not verified (${outcome.problem})`;
      return `${target}: ${outcome.protocol}, ${verdict}; subject ${subject}, names ${names}, issuer ${issuer}, valid until ${validTo}`;
    }
    case 'failed':
      return `${target}: connected, no handshake (${outcome.code})`;
    case 'refused':
      return `${target}: refused`;
    case 'no-answer':
      return `${target}: no answer, ${outcome.code}`;
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).fingerprint256 !== '';
  } catch {
    return false;
  }
}

/** Returns the command that a person would type. */
function openssl({ to, port, serverName }: TlsInput): Argv {
  const target = to.includes(':') ? `[${to}]:${port}` : `${to}:${port}`;
  return ['openssl', 's_client', '-connect', target, '-servername', serverName ?? to];
}
