import { z } from 'zod';
import type { Project, RunningWf, WfOptions } from './run-wf.ts';

/** A line of `wf agent --json`. */
const lineSchema = z.looseObject({ at: z.iso.datetime(), did: z.string(), run: z.string().optional() });
export type AgentLine = z.output<typeof lineSchema>;

/** Starts an agent of the project, and waits until it has started. It is killed at the end of the test, if it still runs. */
export async function startAgent(
  onTestFinished: (work: () => void) => void,
  project: Pick<Project, 'start'>,
  args: readonly string[] = [],
  options: WfOptions = {},
): Promise<RunningWf> {
  const agent = project.start(['agent', ...args], options);
  onTestFinished(() => agent.kill('SIGKILL'));
  await agent.printed(/agent of .* started|"did":"started"/);
  return agent;
}

/** Stops an agent, and returns the lines that it has printed with `--json`. */
export async function agentLines(agent: RunningWf): Promise<readonly AgentLine[]> {
  agent.kill('SIGTERM');
  const { stdout } = await agent.end;
  return linesOf(stdout);
}

export function linesOf(stdout: string): readonly AgentLine[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => lineSchema.parse(JSON.parse(line)));
}
