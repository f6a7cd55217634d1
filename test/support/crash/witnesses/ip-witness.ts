import { z } from 'zod';
import type { RunOnDisk } from '../run-on-disk.ts';
import type { RecordedCommand } from './ip-recorder.ts';

const recordSchema = z.object({ id: z.string().nullable() });

/**
 * Returns the contradictions between a record of all `ip` commands and "no completed step ran twice". No command of a step began
 * after the journal had its success, except to undo it. In the private hosts of the run, each bridge and each link of a container
 * was created once if its step completed, and no host created more of them than the ledger has changes: the next host creates
 * the object of an incomplete change again.
 */
export function ipWitness(commands: readonly RecordedCommand[], onDisk: RunOnDisk): readonly string[] {
  // Docker engines create links themselves.
  const made = onDisk.run.runtime === 'embedded' ? madeTwice(commands, onDisk) : [];
  return [...lateCommands(commands, onDisk), ...made];
}

function lateCommands(commands: readonly RecordedCommand[], { run, journal }: RunOnDisk): readonly string[] {
  const succeededAt = new Map<string, number>();
  // Another database may have a run with the same id, but not with the same processes.
  const owners = new Set<string>();
  for (const { event, at } of journal) {
    if (event.type === 'step.succeeded') succeededAt.set(event.step, at);
    if (event.type === 'lease.taken') owners.add(keyOf(event.owner));
  }
  return commands.flatMap(({ at, step, command }) => {
    if (step?.run !== run.id || step.attempt === 'undo' || !owners.has(keyOf(step.owner))) return [];
    const since = succeededAt.get(step.step);
    if (since === undefined || at <= since) return [];
    return [`\`ip ${command}\` of step ${step.step}, ${at - since} ms after that had completed`];
  });
}

function keyOf({ pid, startTime, bootId }: { pid: number; startTime: string; bootId: string }): string {
  return `${pid} ${startTime} ${bootId}`;
}

function madeTwice(commands: readonly RecordedCommand[], { run, steps, changes }: RunOnDisk): readonly string[] {
  const own = commands.filter(({ privateHost }) => privateHost === `${run.id}@${run.createdAt}`);
  return [
    {
      kind: 'docker.network',
      adds: /^link add dev (br-[0-9a-f]{12}) /,
      nameOf: (id: string) => `br-${id.slice(0, 12)}`,
    },
    {
      kind: 'docker.container',
      adds: /^link add dev (veth[0-9a-f]{7}) /,
      nameOf: (id: string) => `veth${id.slice(0, 7)}`,
    },
  ].flatMap(({ kind, adds, nameOf }) => {
    const madeBy = own.flatMap(({ command, askedBy }) => {
      const name = adds.exec(command)?.[1];
      return name === undefined ? [] : [{ name, askedBy }];
    });
    const made = madeBy.map(({ name }) => name);
    const asked = changes.filter((change) => change.kind === kind);
    const completed = asked.filter(({ step }) => steps.some(({ id, status }) => id === step && status === 'succeeded'));
    const missing = completed.flatMap(({ record, target }) => {
      const { id } = recordSchema.parse(record);
      return id !== null && made.includes(nameOf(id))
        ? []
        : [`${target} was completed, and not made in the run's private host`];
    });
    const twice = made.filter((name, index) => made.indexOf(name) !== index).map((name) => `${name} was created twice`);
    const tooMany = [...new Set(madeBy.map(({ askedBy }) => askedBy))].flatMap((host) => {
      const names = madeBy.filter(({ askedBy }) => askedBy === host).map(({ name }) => name);
      const isMore = names.length > asked.length;
      return isMore ? [`${kind}: ${names.length} made (${names.join(', ')}), ${asked.length} changes`] : [];
    });
    return [...missing, ...twice, ...tooMany];
  });
}
