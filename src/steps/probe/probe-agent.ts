import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import type { Json } from '../../engine/model/json.ts';
import { limitText } from '../../engine/model/time-limit.ts';
import type { AgentPort } from '../../engine/ports/agent.ts';
import type { Argv } from '../../engine/ports/command.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { ownNode, probeAgentPath } from '../../host/probe-agent/probe-agent-path.ts';
import { namespaceOfHandle, processInPath } from '../place-handle.ts';
import { originName, type ProbeOrigin, type ProbeRun, runFrom } from './origin.ts';
import { type ProbeTime, START_MS } from './probe-time.ts';

const reportSchema = z.object({ attempts: z.number(), waitedMs: z.number(), outcome: z.unknown() });

/** Report of the agent: the number of attempts, the duration of the last one, and its outcome. */
export interface AgentReport<Outcome> {
  readonly attempts: number;
  readonly waitedMs: number;
  readonly outcome: Outcome;
  readonly run: ProbeRun;
}

/**
 * Asks the agent inside the origin's namespace.
 * @throws WfError E_PROBE_FAILED if the agent does not report within its budget.
 */
export async function askAgent<Outcome extends z.ZodType>(
  context: HostContext,
  origin: ProbeOrigin,
  request: { readonly [key: string]: Json },
  { deadlineMs, must }: ProbeTime,
  outcome: Outcome,
): Promise<AgentReport<z.output<Outcome>>> {
  // The agent itself observes the deadline; a busy machine may delay its report.
  const limitMs = deadlineMs + START_MS;
  const asked = { ...request, patient: must === 'succeed', budgetMs: deadlineMs };
  const { agent } = context.host;
  // There is a resident process on the host and in each container, but not in a named namespace.
  const isResident = origin.type !== 'namespace' || processInPath(origin.namespace) !== undefined;
  if (agent !== null && isResident) return askResident(agent, context, origin, asked, limitMs, outcome);
  const argv: Argv = [ownNode(), probeAgentPath()];
  const run = await runFrom(context, origin, argv, limitMs, {
    // A request may contain a secret, and every user of the machine can read arguments.
    stdin: JSON.stringify(asked),
    // Options meant for wf's own process (a debugger, a loader) would slow the agent down or write to its stdout.
    env: { NODE_OPTIONS: '' },
  });
  const report = reportSchema.safeParse(jsonOf(run.stdout));
  const parsed = outcome.safeParse(report.data?.outcome);
  if (report.success && parsed.success) return { ...report.data, outcome: parsed.data, run };
  throw new WfError(
    'E_PROBE_FAILED',
    `cannot probe from ${originName(origin)}: ${
      run.exitCode === null
        ? `it timed out after ${limitText(limitMs)}`
        : run.stderr.trim().slice(0, 300) || 'it printed nothing'
    }`,
    { hint: 'Give the probe more time (deadlineMs); this machine may be overloaded.', transient: true },
  );
}

/** Asks a process that is already in the origin's namespace. */
async function askResident<Outcome extends z.ZodType>(
  agent: AgentPort,
  { host }: HostContext,
  origin: ProbeOrigin,
  request: { readonly [key: string]: Json },
  limitMs: number,
  outcome: Outcome,
): Promise<AgentReport<z.output<Outcome>>> {
  const startedAt = host.clock.now();
  const namespace =
    origin.type === 'namespace' ? namespaceOfHandle({ name: origin.label, namespace: origin.namespace }) : undefined;
  const report = reportSchema.parse(await agent.ask(namespace, request, limitMs));
  const run = { exitCode: 0, stdout: '', stderr: '', startedAt, durationMs: host.clock.now() - startedAt };
  return { ...report, outcome: outcome.parse(report.outcome), run };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The schema refuses invalid JSON.
    return undefined;
  }
}
