import { z } from 'zod';
import type { Lane } from '../lane.ts';
import type { RunOnDisk } from '../run-on-disk.ts';

const eventSchema = z.object({
  Type: z.string(),
  Action: z.string(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()) }),
  timeNano: z.number(),
});

/** dockerd keeps the last 256 events. With more than this many since the start of the run, some may be lost. */
const EVENTS_AT_MOST = 250;

/**
 * Returns the contradictions between Docker's event stream and "no completed step ran twice". For each network and container: it
 * was created at most once, and exactly once if its step completed; a container was started once if its step completed; and each
 * created object was destroyed once the run has ended.
 */
export async function dockerWitness(lane: Lane, { run, steps, changes }: RunOnDisk): Promise<readonly string[]> {
  const answer = await lane.tool(
    'docker',
    'events',
    '--since',
    (run.createdAt / 1000).toFixed(3),
    '--until',
    (Date.now() / 1000).toFixed(3),
    '--format',
    '{{json .}}',
  );
  const events = answer
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => eventSchema.parse(JSON.parse(line)));
  if (events.length > EVENTS_AT_MOST) return [`${events.length} events: dockerd may have dropped some`];
  return changes.flatMap(({ step, kind, target }) => {
    const type = kind === 'docker.network' ? 'network' : kind === 'docker.container' ? 'container' : undefined;
    if (type === undefined) return [];
    const name = target.slice(target.indexOf(' ') + 1);
    const of = (action: string) =>
      events.filter(
        (event) => event.Type === type && event.Action === action && event.Actor.Attributes['name'] === name,
      );
    const [created, started, destroyed] = [of('create').length, of('start').length, of('destroy').length];
    const completed = steps.some(({ id, status }) => id === step && status === 'succeeded');
    const problems: string[] = [];
    if (created > 1 || (completed && created !== 1)) problems.push(`created ${created} times`);
    if (started > 1 || (completed && type === 'container' && started !== 1)) problems.push(`started ${started} times`);
    if (destroyed !== created) problems.push(`created ${created} times and destroyed ${destroyed} times`);
    return problems.map((problem) => `${target} (step ${step}, completed: ${completed}) was ${problem}`);
  });
}
