import type { NotCompared } from '../engine/model/change.ts';
import { isJsonObject, type JsonObject } from '../engine/model/json.ts';
import { onHostName } from '../engine/model/on-host-name.ts';
import type { ComparedRun, Comparison, Fingerprint, FingerprintPort } from '../engine/ports/fingerprint.ts';

/** The member of a fingerprint that contains those of the named hosts. */
const HOSTS = 'hosts';

/** The fingerprint ports of the named hosts of a run, by name. */
export type NamedFingerprints = Readonly<Record<string, FingerprintPort>>;

/**
 * Adds the named hosts of a run to the fingerprint port of the run's own host. Compares each host with its own changes; the subjects of
 * its differences begin with its name.
 * @param named called at each use
 * @param sharesNetwork returns whether a named host shares the network of the own host, which is then compared with the changes of both
 */
export function withNamedHosts(
  own: FingerprintPort,
  named: () => NamedFingerprints,
  sharesNetwork: (name: string) => boolean = () => false,
): FingerprintPort {
  const ofAll = async (take: (port: FingerprintPort, name?: string) => Promise<Fingerprint>): Promise<Fingerprint> => {
    const [ownOne, ...others] = await Promise.all([
      take(own),
      ...Object.entries(named()).map(async ([name, port]) => [name, await take(port, name)] as const),
    ]);
    return others.length === 0 ? ownOne : { ...ownOne, [HOSTS]: Object.fromEntries(others) };
  };
  return {
    take: (facets) => ofAll((port) => port.take(facets)),
    takeLike: (before, isWatched) => ofAll((port, name) => port.takeLike(partOf(before, name), isWatched)),
    compare(before, after, run) {
      const compareOne = (port: FingerprintPort, name?: string) =>
        inWordsOf(name, port.compare(partOf(before, name), partOf(after, name), limitedTo(run, isOf(name))));
      const isOf = (name: string | undefined) => (host: string | undefined) =>
        host === name || (name === undefined && host !== undefined && sharesNetwork(host));
      const all = [compareOne(own), ...Object.entries(named()).map(([name, port]) => compareOne(port, name))];
      return {
        differences: all.flatMap(({ differences }) => differences),
        notCompared: all.flatMap(({ notCompared }) => notCompared),
      };
    },
  };
}

/** Returns the part of one host; undefined stands for the run's own. */
function partOf(fingerprint: Fingerprint, name: string | undefined): Fingerprint {
  const { [HOSTS]: hosts, ...own } = fingerprint;
  if (name === undefined) return own;
  const part = isJsonObject(hosts) ? hosts[name] : undefined;
  return isJsonObject(part) ? part : NONE;
}

/** Not a fingerprint: the port that reads it reports the damage. */
const NONE: JsonObject = {};

function limitedTo(run: ComparedRun, isOf: (host: string | undefined) => boolean): ComparedRun {
  const isKept = ({ host }: { readonly host?: string }) => isOf(host);
  return { ...run, changes: run.changes.filter(isKept), suspects: run.suspects.filter(isKept) };
}

function inWordsOf(name: string | undefined, { differences, notCompared }: Comparison): Comparison {
  const named = <Subject extends NotCompared>(found: Subject): Subject => ({
    ...found,
    subject: onHostName(name, found.subject),
  });
  return { differences: differences.map(named), notCompared: notCompared.map(named) };
}
