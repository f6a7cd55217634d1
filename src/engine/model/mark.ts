import type { RunId } from './ids.ts';

/** The label by which a Docker object is known as a run's: its value is the run id. */
export const RUN_LABEL = 'wf.run';

/** The routing protocol number of routes that wf adds; unused in iproute2's rt_protos, which names those up to 192. */
export const ROUTE_PROTOCOL = 119;

const ALIAS_PREFIX = 'wf.run=';

/** Docker labels that mark an object as this run's. */
export function labelsOf(run: RunId): Readonly<Record<string, string>> {
  return { [RUN_LABEL]: run };
}

/** The interface alias (`ip link set dev X alias ...`) that marks a link as this run's. */
export function linkAliasOf(run: RunId): string {
  return `${ALIAS_PREFIX}${run}`;
}

/** The run that an interface alias names, or undefined where the alias is not a mark of wf. */
export function runOfLinkAlias(alias: string | null | undefined): string | undefined {
  return alias?.startsWith(ALIAS_PREFIX) ? alias.slice(ALIAS_PREFIX.length) : undefined;
}
