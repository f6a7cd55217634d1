import type { Change } from '../../engine/model/change.ts';
import { isJsonObject, type Json } from '../../engine/model/json.ts';
import { parseSubnet, type Subnet } from '../../host/ip/subnet.ts';

/** One change of the ledger by what it names. Records have the shape of their runners, so they are searched whole. */
export interface NamedChange {
  readonly change: Change;
  /**
   * Every string of the record, whole, and the words of the target. A number is no identity: it is a word only together with the
   * one before it on a command line (`priority 1000`).
   */
  readonly words: ReadonlySet<string>;
  /** Full ids of Docker objects. */
  readonly dockerIds: ReadonlySet<string>;
  /** Those of its words that are addresses or subnets. */
  readonly subnets: readonly Subnet[];
  /** Links that its record names together with their MAC addresses, by which another link of the same name is told apart. */
  readonly links: readonly { readonly name: string; readonly mac: string }[];
  /** Whether its names are those of Docker objects, and not of links, routes and the like. */
  readonly ofDocker: boolean;
}

const DOCKER_ID = /^[0-9a-f]{64}$/;

/** The ledger by what its changes name. */
export function namedChanges(ledger: readonly Change[]): readonly NamedChange[] {
  return ledger.map((change) => {
    const words = new Set([...wordsOf(change.record), ...wordsInOrder(change.target.split(/\s+/))]);
    return {
      change,
      words,
      dockerIds: new Set([...words].filter((word) => DOCKER_ID.test(word))),
      subnets: [...words].flatMap((word) => parseSubnet(word) ?? []),
      links: [...linksOf(change.record)],
      ofDocker: change.kind.startsWith('docker.'),
    };
  });
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

/** Whether a word is nothing but a number, which many things of a host share. */
export function isNumber(word: string): boolean {
  return /^\d+$/.test(word);
}

/** `net.ipv4.ip_forward=1` is how a setting is written on a command line: its name is a word of its own. */
function* wordAndName(text: string): Iterable<string> {
  yield text;
  const name = /^([^=\s]+)=/.exec(text)?.[1];
  if (name !== undefined) yield name;
}

/** The first change that names all of these; one that is meant to stay only where no other does. */
export function changeNaming(
  changes: readonly NamedChange[],
  names: (change: NamedChange) => boolean,
): Change | undefined {
  const naming = changes.filter(names).map(({ change }) => change);
  return naming.find((change) => change.status !== 'kept') ?? naming[0];
}
