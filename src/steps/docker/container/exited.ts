import { WfError } from '../../../engine/model/errors.ts';
import { pause } from '../../../engine/ports/clock.ts';
import type { ContainerInfo } from '../../../engine/ports/docker.ts';
import type { StepContext } from '../../../engine/workflow/step.ts';

/** Returns the last output of a container, which the engine may store shortly after it reports the exit. */
async function lastOutput(id: string, { host: { docker, clock } }: StepContext): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    const output = (await docker.logs(id, 1)).trim();
    if (output !== '' || attempt === LOG_READS) return output;
    await pause(clock, LOG_POLL_MS);
  }
}

const LOG_READS = 6;
const LOG_POLL_MS = 25;

/**
 * Refuses a container that exited right after the start at `startedNow`: another start would not help. A container that stopped after an
 * earlier start is not a failure.
 * @throws WfError E_STEP_FAILED with its last output
 */
export async function refuseExited(
  container: ContainerInfo | null,
  startedNow: string | null,
  context: StepContext,
): Promise<void> {
  if (container?.status !== 'exited' || container.startedAt !== startedNow) return;
  const { id, name, exitCode, image } = container;
  const output = await lastOutput(id, context);
  const words = output === '' ? '' : `: ${output}`;
  throw new WfError('E_STEP_FAILED', `container ${name} exited at once, with exit code ${exitCode}${words}`, {
    hint: `Compare its arguments with what the image expects: \`docker inspect ${image}\`.`,
    details: { id, exitCode },
  });
}
