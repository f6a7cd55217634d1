import type { Change, ChangeStatus } from '../../engine/model/change.ts';
import type { JournalEntry } from '../../engine/model/journal-event.ts';
import { isJsonObject, type Json } from '../../engine/model/json.ts';

/** What a run changed, however it stands now. */
export interface ChangedObject {
  readonly seq: number;
  readonly step: string;
  readonly kind: string;
  /** What sort of thing it is: `network`, `link`, `route`; of a step runner that is not wf's own, the first word of its target. */
  readonly object: string;
  /** `made`: it was not there before; `altered`: it was, in another state. */
  readonly change: 'made' | 'altered';
  readonly target: string;
  /** What tells it from others of the same name, where the record holds that: `id`, `ifindex`, `mac`. */
  readonly identity: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch; null where it was only intended, and never seen on the host. */
  readonly appliedAt: number | null;
  readonly settledAt: number | null;
  readonly status: ChangeStatus;
  readonly reason: string | null;
}

/** The moment at which most of what a run changed stood on the host at once. */
export interface Fullest {
  readonly at: number;
  readonly count: number;
}

/** Every change that a run ever made or intended, in the order of the ledger. */
export function changedObjects(changes: readonly Change[], journal: readonly JournalEntry[]): readonly ChangedObject[] {
  const appliedAt = new Map<number, number>();
  const settledAt = new Map<number, number>();
  for (const { at, event } of journal) {
    if (event.type === 'change.applied') appliedAt.set(event.seq, at);
    if (event.type === 'change.settled') settledAt.set(event.seq, at);
  }
  return changes.map(({ seq, step, kind, target, record, status, reason }) => ({
    seq,
    step,
    kind,
    ...sortOf(kind, target),
    target,
    identity: identityIn(record),
    appliedAt: appliedAt.get(seq) ?? null,
    settledAt: settledAt.get(seq) ?? null,
    status,
    reason,
  }));
}

/** When the host was furthest from what it had been; undefined where nothing was applied. */
export function fullest(journal: readonly JournalEntry[]): Fullest | undefined {
  const standing = new Set<number>();
  let most: Fullest | undefined;
  for (const { at, event } of journal) {
    if (event.type === 'change.applied') standing.add(event.seq);
    if (event.type === 'change.settled') standing.delete(event.seq);
    if (standing.size > (most?.count ?? 0)) most = { at, count: standing.size };
  }
  return most;
}

/** What the step runners of wf change. */
const SORTS: Readonly<Record<string, Pick<ChangedObject, 'object' | 'change'>>> = {
  'docker.image': { object: 'image', change: 'made' },
  'docker.network': { object: 'network', change: 'made' },
  'docker.container': { object: 'container', change: 'made' },
  'net.veth': { object: 'link', change: 'made' },
  'net.enslave': { object: 'link', change: 'altered' },
  'net.move': { object: 'link', change: 'altered' },
  'net.rename': { object: 'link', change: 'altered' },
  'net.up': { object: 'link', change: 'altered' },
  'net.address': { object: 'address', change: 'made' },
  'net.route': { object: 'route', change: 'made' },
  'exec.command': { object: 'command', change: 'made' },
};

function sortOf(kind: string, target: string): Pick<ChangedObject, 'object' | 'change'> {
  return SORTS[kind] ?? { object: /^\S+/.exec(target)?.[0] ?? kind, change: 'made' };
}

/** Members of a record that tell an object from others, whoever wrote it. */
const IDENTIFYING = ['id', 'ifindex', 'mac', 'pid'];

/** A record of two ends (a veth pair) has the identity of both. */
function identityIn(record: Json): Readonly<Record<string, string>> {
  if (!isJsonObject(record)) return {};
  const own = IDENTIFYING.flatMap((name) => {
    const value = record[name];
    return typeof value === 'string' || typeof value === 'number' ? [[name, String(value)] as const] : [];
  });
  const ends = ['first', 'second'].flatMap((end) =>
    Object.entries(identityIn(record[end] ?? null)).map(([name, value]) => [`${end}.${name}`, value] as const),
  );
  return Object.fromEntries([...own, ...ends]);
}
