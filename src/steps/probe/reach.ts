import { z } from 'zod';
import type { HostContext } from '../../engine/workflow/step.ts';
import { originName, type ProbeOrigin } from './origin.ts';
import type { PingSummary } from './outputs/ping-output.ts';
import { askAgent } from './probe-agent.ts';
import type { ProbeTime } from './probe-time.ts';

interface ReachInput extends ProbeTime {
  readonly from: ProbeOrigin;
  readonly to: string;
  readonly count: number;
  readonly intervalMs: number;
}

const reachOutcome = z.object({ sent: z.number().int(), received: z.number().int(), rttMs: z.number().nullable() });

/**
 * Checks without ping whether a target answers: opens a TCP connection to an unused port. A reachable target refuses it at once; an
 * unreachable one is silent. The evidence names this method.
 * @throws WfError E_PROBE_FAILED if the probe cannot run
 */
export async function reach(context: HostContext, input: ReachInput): Promise<PingSummary> {
  const { from, to, count, intervalMs, must } = input;
  // The silence must last through all connections, one after the other.
  const time = { deadlineMs: input.deadlineMs, must };
  const request = { kind: 'reach', to, count, intervalMs };
  const { outcome, run } = await askAgent(context, from, request, time, reachOutcome);
  context.record({
    command: `# instead of ping, which this machine does not have: TCP from ${originName(from)} to ${to}`,
    output: `${outcome.sent} connections attempted, ${outcome.received} answered (a refusal is an answer)`,
    exitCode: outcome.received > 0 ? 0 : 1,
    startedAt: run.startedAt,
    durationMs: run.durationMs,
  });
  return outcome;
}
