import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { commandLine } from '../../engine/model/evidence.ts';
import { limitText } from '../../engine/model/time-limit.ts';
import type { Argv } from '../../engine/ports/command.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { findTool } from '../../host/commands/find-tool.ts';
import { howToInstall } from '../../host/commands/tool-package.ts';
import { ownUserId } from '../../host/processes/process.ts';
import { untilDeadline } from '../until-deadline.ts';
import { hostNameSchema } from './host-name.ts';
import { addressOf } from './name.ts';
import {
  originName,
  type ProbeOrigin,
  type ProbeRun,
  probeOrigin,
  resolveOrigin,
  runFrom,
  typedFrom,
} from './origin.ts';
import { isUnreachable, type PingSummary, parsePing } from './outputs/ping-output.ts';
import { PATH_HINT } from './path-hint.ts';
import { deadlineSchema, endOf, mustInput } from './probe-time.ts';
import { reach } from './reach.ts';

/** Shortest interval that iputils before version 20221126 allows ordinary users. */
const USER_INTERVAL_MS = 200;
/** Reserved for starting ping and reading its output. */
const RESERVE_MS = 100;
/** Time limit for the last expected answer: on one machine it takes less than a millisecond. */
const ANSWER_MS = 500;
/** Data bytes in the largest IPv4 ping. */
const MOST_BYTES = 65_507;

const inputSchema = z
  .object({
    from: probeOrigin,
    to: hostNameSchema.describe("address, or name resolved with the origin's resolv.conf (a namespace has the host's)"),
    count: z.number().int().min(1).max(100).default(3).describe('number of pings'),
    intervalMs: z.number().int().min(5).max(5_000).default(100).describe('interval in milliseconds'),
    size: z
      .number()
      .int()
      .min(0)
      .max(MOST_BYTES)
      .nullable()
      .default(null)
      .describe('bytes of data in each ping, beside 28 bytes of headers for IPv4; null: 56'),
    dontFragment: z
      .boolean()
      .default(false)
      .describe('forbids fragments: a ping that is larger than an MTU on its way is lost; not with `insideContainer`'),
    deadlineMs: deadlineSchema,
    must: mustInput('no ping may be answered'),
  })
  .refine(({ from, dontFragment }) => !(dontFragment && from.type === 'container'), {
    message: 'the ping of images such as alpine cannot forbid fragments; probe with insideNamespaceOf(container)',
    path: ['dontFragment'],
  })
  .refine(
    ({ count, intervalMs, deadlineMs, must }) => must === 'fail' || (count - 1) * intervalMs + RESERVE_MS <= deadlineMs,
    {
      message: 'the deadline is too short for so many pings at this interval',
      path: ['deadlineMs'],
    },
  );
type PingInput = z.output<typeof inputSchema>;

export const pingProbe = defineStep({
  kind: 'probe.ping',
  description: 'Pings an address and expects every answer or none.',
  input: inputSchema,
  output: z.object({
    to: z.string().describe('address or name of the input'),
    sent: z.number().int().describe('pings sent'),
    received: z.number().int().describe('answers received'),
    answered: z.boolean().describe('whether any ping was answered'),
    rttMs: z.number().nullable().describe('mean round-trip time in milliseconds; null without an answer'),
  }),
  commands: (input) => [typedFrom(input.from, pingCommand(input, input.deadlineMs))],
  rehearse: ({ to, count, must }) => ({
    to,
    sent: count,
    received: must === 'fail' ? 0 : count,
    answered: must === 'succeed',
    rttMs: null,
  }),

  async read(given, context) {
    const input = { ...given, from: await resolveOrigin(given.from, context) };
    const { from, to, count, deadlineMs, must } = input;
    const isByPing = from.type === 'container' || findTool('ping') !== undefined;
    if (!isByPing && (input.size !== null || input.dontFragment)) throw pingMissing();
    const seen = isByPing ? await ping(context, input) : await reach(context, input);
    const figures = `${seen.received} of ${seen.sent} pings from ${originName(from)} to ${to} were answered`;
    if (must === 'fail' && seen.received > 0) {
      throw new WfError('E_PROBE_ANSWERED', `${figures}; none should have been`, {
        hint: 'Check the routes, bridges and firewall rules between the two: they can reach each other.',
        details: { to, ...seen },
      });
    }
    if (must === 'succeed' && seen.received < count) {
      throw new WfError('E_PROBE_FAILED', `${figures} within ${limitText(deadlineMs)}; all ${count} should have been`, {
        hint: `Check that the target runs, and ${PATH_HINT}.`,
        details: { to, ...seen },
      });
    }
    return { to, ...seen, answered: seen.received > 0 };
  },
});

/** TCP connections, which replace ping, have no size. */
function pingMissing(): WfError {
  return new WfError('E_TOOL_MISSING', 'the program ping is not installed: a ping with a size needs it', {
    hint: howToInstall('ping'),
  });
}

async function ping(context: HostContext, given: PingInput): Promise<PingSummary> {
  const to = given.from.type === 'namespace' ? await addressOf(context, given) : given.to;
  const input = { ...given, to, intervalMs: intervalOf(given, context) };
  const { from, count, must } = input;
  const attempt = (remainingMs: number) => pingOnce(context, input, remainingMs);
  const isGood = ({ summary }: Attempt) => summary !== undefined && summary.received >= count;
  const { run, command, summary } =
    must === 'fail'
      ? await attempt(endOf(input) + (count - 1) * input.intervalMs)
      : await untilDeadline(context, input, attempt, { isGood, isCutOff: (tried) => tried.run.exitCode === null });
  const { exitCode, startedAt, durationMs } = run;
  context.record({ command: commandLine(command), output: outputOf(run), exitCode, startedAt, durationMs });
  return summary ?? unsent(from, to, run);
}

interface Attempt {
  readonly run: ProbeRun;
  readonly command: Argv;
  readonly summary: PingSummary | undefined;
}

async function pingOnce(context: HostContext, input: PingInput, remainingMs: number): Promise<Attempt> {
  const argv = pingCommand(input, remainingMs);
  const run = await runFrom(context, input.from, argv, remainingMs);
  return { run, command: typedFrom(input.from, argv), summary: parsePing(outputOf(run)) };
}

function pingCommand(input: PingInput, remainingMs: number): Argv {
  const { from, to, count, intervalMs, size, dontFragment, deadlineMs, must } = input;
  const spareMs = remainingMs - (count - 1) * intervalMs - RESERVE_MS;
  const waitMs = must === 'fail' ? deadlineMs : Math.max(50, Math.min(ANSWER_MS, spareMs));
  // busybox accepts only whole seconds and has no -n, which keeps iputils from resolving names with DNS.
  const wait = from.type === 'container' ? String(Math.ceil(waitMs / 1_000)) : seconds(waitMs);
  const numeric = from.type === 'container' ? [] : ['-n'];
  const packet = [...(size === null ? [] : ['-s', String(size)]), ...(dontFragment ? ['-M', 'do'] : [])];
  return ['ping', ...numeric, '-c', String(count), '-i', seconds(intervalMs), '-W', wait, ...packet, to];
}

/** Returns the interval in milliseconds. On a private host ping runs as the root of that host, for every user. */
function intervalOf({ from, intervalMs }: PingInput, { host }: HostContext): number {
  const isRoot = ownUserId() === 0 || host.namespace.holder !== null;
  if (from.type === 'container' || isRoot) return intervalMs;
  return Math.max(USER_INTERVAL_MS, intervalMs);
}

function seconds(ms: number): string {
  return String(Math.round(ms) / 1_000);
}

function outputOf({ stdout, stderr }: ProbeRun): string {
  return [stdout, stderr].filter((text) => text !== '').join('\n');
}

/** Judges a ping without a summary: nothing sent for lack of a route is a result; any other output proves nothing. */
function unsent(from: ProbeOrigin, to: string, run: ProbeRun): PingSummary {
  const output = outputOf(run).trim();
  if (isUnreachable(output)) return { sent: 0, received: 0, rttMs: null };
  const why = run.exitCode === null ? 'it timed out' : output.slice(0, 300) || `exit code ${run.exitCode}`;
  throw new WfError('E_PROBE_FAILED', `cannot ping ${to} from ${originName(from)}: ${why}`, {
    hint: 'Try the same command by hand, or give the probe more time (deadlineMs).',
  });
}
