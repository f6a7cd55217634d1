import { commandLine } from '../../engine/model/evidence.ts';
import type { Argv } from '../../engine/ports/command.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { untilDeadline } from '../until-deadline.ts';
import { type ProbeOrigin, type ProbeRun, runFrom, typedFrom } from './origin.ts';
import { CONTAINER_START_MS, type ProbeTime } from './probe-time.ts';

/** A question of a probe, with the parser of its answer. */
interface Question<Outcome> {
  readonly argv: Argv;
  parse(output: string, exitCode: number | null): Outcome;
  /** Whether a probe that expects an answer can stop asking. */
  isGood(outcome: Outcome): boolean;
}

/** Asks with a program of the container's image: until the answer is good, or once if no answer is expected. */
export async function askInContainer<Outcome>(
  context: HostContext,
  { from, ...time }: ProbeTime & { readonly from: ProbeOrigin },
  { argv, parse, isGood }: Question<Outcome>,
): Promise<Outcome> {
  const attempt = async (remainingMs: number) => {
    const run = await runFrom(context, from, argv, remainingMs);
    return { run, outcome: parse(run.stdout, run.exitCode) };
  };
  const { run, outcome } =
    time.must === 'fail'
      ? await attempt(time.deadlineMs + CONTAINER_START_MS)
      : await untilDeadline(context, time, attempt, {
          isGood: (tried) => isGood(tried.outcome),
          isCutOff: (tried) => tried.run.exitCode === null,
        });
  recordAnswer(context, from, argv, run, run.stdout, run.exitCode);
  return outcome;
}

/** Records the command that a person would type and the output that they would see. */
export function recordAnswer(
  context: HostContext,
  from: ProbeOrigin,
  argv: Argv,
  { startedAt, durationMs }: ProbeRun,
  output: string,
  exitCode: number | null,
): void {
  context.record({ command: commandLine(typedFrom(from, argv)), output, exitCode, startedAt, durationMs });
}
