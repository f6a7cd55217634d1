import type { Change } from '../../engine/model/change.ts';
import { isJsonObject, type Json } from '../../engine/model/json.ts';
import { parseSubnet, type Subnet } from '../../host/ip/subnet.ts';

/** Names in one change of the ledger. Records have the shape of their runners, so all their values are searched. */
export interface NamedChange {
  readonly change: Change;
  /**
   * Every string of the record and every word of the target. A number alone identifies nothing: it is a word only together with the
   * preceding word of a command line (`priority 1000`).
   */
  readonly words: ReadonlySet<string>;
  /** Full ids of Docker objects. */
  readonly dockerIds: ReadonlySet<string>;
  /** The words that are addresses or subnets. */
  readonly subnets: readonly Subnet[];
  /** Links that the record names together with their MAC addresses, which distinguish another link with the same name. */
  readonly links: readonly { readonly name: string; readonly mac: string }[];
  /** Whether the names belong to Docker objects, and not to links, routes and the like. */
  readonly ofDocker: boolean;
}

/** An id of an engine, or of a swarm. */
const DOCKER_ID = /^(?:[0-9a-f]{64}|[0-9a-z]{25})$/;
/** Families of step runners that record names of Docker objects. */
const OF_DOCKER = /^(?:docker|swarm)\./;

/** Members of records that are null until a step of the kind has created its object. */
const MADE: ReadonlyMap<string, string> = new Map([
  ['net.namespace', 'namespace'],
  ['tc.qdisc', 'content'],
]);

/** Returns the names in the changes of a ledger. Omits changes that created nothing: an object with their name is somebody else's. */
export function namedChanges(ledger: readonly Change[]): readonly NamedChange[] {
  const effective = ledger.filter((change) => !createdNothing(change));
  return effective.map((change) => {
    const words = new Set([...wordsOf(change.record), ...wordsInOrder(change.target.split(/\s+/))]);
    return {
      change,
      words,
      dockerIds: new Set([...words].filter((word) => DOCKER_ID.test(word))),
      subnets: [...words].flatMap((word) => parseSubnet(word) ?? []),
      links: [...linksOf(change.record)],
      ofDocker: OF_DOCKER.test(change.kind),
    };
  });
}

function createdNothing({ kind, status, record }: Change): boolean {
  const made = MADE.get(kind);
  return status === 'gone' && made !== undefined && isJsonObject(record) && record[made] === null;
}

function* wordsOf(record: Json): Iterable<string> {
  if (typeof record === 'string') yield* wordAndName(record);
  else if (Array.isArray(record)) {
    yield* wordsInOrder(record.filter((member) => typeof member === 'string'));
    for (const member of record) if (typeof member !== 'string') yield* wordsOf(member);
  } else if (record !== null && typeof record === 'object')
    for (const member of Object.values(record)) yield* wordsOf(member);
}

function* linksOf(record: Json): Iterable<{ readonly name: string; readonly mac: string }> {
  if (record === null || typeof record !== 'object') return;
  if (isJsonObject(record)) {
    const { name, mac } = record;
    if (typeof name === 'string' && typeof mac === 'string') yield { name, mac };
  }
  for (const member of Object.values(record)) yield* linksOf(member);
}

function* wordsInOrder(line: readonly string[]): Iterable<string> {
  for (const [index, word] of line.entries()) {
    if (isNumber(word)) yield `${line[index - 1]} ${word}`;
    else yield* wordAndName(word);
  }
}

/** Returns whether a word is a plain number, which many objects of a host share. */
export function isNumber(word: string): boolean {
  return /^\d+$/.test(word);
}

/** Yields a word, and the name of a setting written as `net.ipv4.ip_forward=1`. */
function* wordAndName(text: string): Iterable<string> {
  yield text;
  const name = /^([^=\s]+)=/.exec(text)?.[1];
  if (name !== undefined) yield name;
}

/** Returns the first change that names all words; a change kept by design only if no other does. */
export function changeNaming(
  changes: readonly NamedChange[],
  names: (change: NamedChange) => boolean,
): Change | undefined {
  const naming = changes.filter(names).map(({ change }) => change);
  return naming.find((change) => change.status !== 'kept') ?? naming[0];
}
