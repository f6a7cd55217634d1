import { WfError } from '../../../engine/model/errors.ts';
import { limitText } from '../../../engine/model/time-limit.ts';
import { pause } from '../../../engine/ports/clock.ts';
import type { ContainerInfo } from '../../../engine/ports/docker.ts';
import type { StepContext } from '../../../engine/workflow/step.ts';
import { shortId } from '../names.ts';

const POLL_MS = 200;

/**
 * Waits until the health check of a running container succeeds, and records the last result as evidence.
 * @throws WfError E_STEP_FAILED if the container has no health check, exits, or is not healthy in time
 */
export async function untilHealthy(id: string, deadlineMs: number, context: StepContext): Promise<void> {
  const { clock, docker } = context.host;
  const startedAt = clock.now();
  for (;;) {
    const container = await docker.container(id);
    const status = statusOf(container);
    const waitedMs = clock.now() - startedAt;
    const isLast = status !== 'starting' && status !== 'unhealthy';
    if (isLast || waitedMs >= deadlineMs) {
      context.record({
        command: docker.shown([
          'docker',
          'inspect',
          '--format',
          '{{.State.Health.Status}}',
          container?.name ?? shortId(id),
        ]),
        output: status,
        exitCode: 0,
        startedAt,
        durationMs: waitedMs,
      });
      if (status === 'healthy') return;
      throw notHealthy(id, status, container, deadlineMs);
    }
    context.progress(`health check: ${status}`);
    await pause(clock, POLL_MS, context.signal);
    context.signal.throwIfAborted();
  }
}

function statusOf(container: ContainerInfo | null): string {
  if (container === null) return 'removed';
  if (container.status !== 'running') return container.status;
  return container.health?.status ?? 'without a health check';
}

function notHealthy(id: string, status: string, container: ContainerInfo | null, deadlineMs: number): WfError {
  const name = container?.name ?? shortId(id);
  const output = container?.health?.output ?? '';
  const waited = status === 'starting' || status === 'unhealthy' ? ` after ${limitText(deadlineMs)}` : '';
  return new WfError(
    'E_STEP_FAILED',
    `container ${name} is ${status}${waited}${output === '' ? '' : `; its last health check printed: ${output}`}`,
    {
      hint:
        container?.health === null
          ? 'Give the step a `healthCheck`, or use an image that has one.'
          : `Read its output with \`docker logs ${name}\`, correct its \`healthCheck\`, or give it more time in \`waitHealthyMs\`.`,
      details: { id },
    },
  );
}
