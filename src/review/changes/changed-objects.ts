import type { Change, ChangeStatus } from '../../engine/model/change.ts';
import type { JournalEntry } from '../../engine/model/journal-event.ts';
import { isJsonObject, type Json } from '../../engine/model/json.ts';

/** A change of a run with its history. */
export interface ChangedObject {
  readonly seq: number;
  readonly step: string;
  readonly kind: string;
  /** The sort of the object: `network`, `link`, `route`; the first word of the target for a step runner that is not wf's own. */
  readonly object: string;
  /** `made`: it did not exist before; `altered`: it did, in another state. */
  readonly change: 'made' | 'altered';
  readonly target: string;
  /** Its identity, as far as the record has it: `id`, `ifindex`, `mac`. */
  readonly identity: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch; null if it was never observed on the host. */
  readonly appliedAt: number | null;
  readonly settledAt: number | null;
  readonly status: ChangeStatus;
  readonly reason: string | null;
}

/** The moment with the most changes of a run in place. */
export interface Fullest {
  readonly at: number;
  readonly count: number;
}

/** Returns every change that a run made or intended, in the order of the ledger. */
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

/** Returns the moment with the most changes in place; undefined if none was applied. */
export function fullest(journal: readonly JournalEntry[]): Fullest | undefined {
  const inPlace = new Set<number>();
  let most: Fullest | undefined;
  for (const { at, event } of journal) {
    if (event.type === 'change.applied') inPlace.add(event.seq);
    if (event.type === 'change.settled') inPlace.delete(event.seq);
    if (inPlace.size > (most?.count ?? 0)) most = { at, count: inPlace.size };
  }
  return most;
}

/** The objects that the step runners of wf change. */
const SORTS: Readonly<Record<string, Pick<ChangedObject, 'object' | 'change'>>> = {
  'docker.image': { object: 'image', change: 'made' },
  'docker.network': { object: 'network', change: 'made' },
  'docker.container': { object: 'container', change: 'made' },
  'docker.volume': { object: 'volume', change: 'made' },
  'docker.connect': { object: 'container', change: 'altered' },
  'docker.exec': { object: 'command', change: 'made' },
  'net.link': { object: 'link', change: 'made' },
  'net.namespace': { object: 'namespace', change: 'made' },
  'net.veth': { object: 'link', change: 'made' },
  'net.enslave': { object: 'link', change: 'altered' },
  'net.move': { object: 'link', change: 'altered' },
  'net.rename': { object: 'link', change: 'altered' },
  'net.mtu': { object: 'link', change: 'altered' },
  'net.up': { object: 'link', change: 'altered' },
  'net.address': { object: 'address', change: 'made' },
  'net.address-removal': { object: 'address', change: 'altered' },
  'net.route': { object: 'route', change: 'made' },
  'net.rule': { object: 'rule', change: 'made' },
  'net.fdb': { object: 'forwarding entry', change: 'made' },
  'sysctl.set': { object: 'setting', change: 'altered' },
  'sysctl.persist': { object: 'file', change: 'made' },
  'nft.table': { object: 'table', change: 'made' },
  'nft.rule': { object: 'rule', change: 'made' },
  'iptables.rule': { object: 'rule', change: 'made' },
  'tc.qdisc': { object: 'link', change: 'altered' },
  'exec.command': { object: 'command', change: 'made' },
};

function sortOf(kind: string, target: string): Pick<ChangedObject, 'object' | 'change'> {
  return SORTS[kind] ?? { object: /^\S+/.exec(target)?.[0] ?? kind, change: 'made' };
}

/** Members that identify an object in the record of any step runner. */
const IDENTIFYING = ['id', 'ifindex', 'mac', 'pid'];

/** Returns the identity in a record; that of both ends for a veth pair. */
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
