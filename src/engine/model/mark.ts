import type { RunId } from './ids.ts';

/** The label that marks a Docker object as a run's; its value is the run id. */
export const RUN_LABEL = 'wf.run';

/** The routing protocol number of routes that wf adds: rt_protos of iproute2 does not name it. */
export const ROUTE_PROTOCOL = 119;

const ALIAS_PREFIX = 'wf.run=';

/** Returns the Docker labels that mark an object as this run's. */
export function labelsOf(run: RunId): Readonly<Record<string, string>> {
  return { [RUN_LABEL]: run };
}

/** Returns the interface alias (`ip link set dev X alias ...`) that marks a link as this run's. */
export function linkAliasOf(run: RunId): string {
  return `${ALIAS_PREFIX}${run}`;
}

/** Returns the run that an interface alias names; undefined if the alias is not a mark of wf. */
export function runOfLinkAlias(alias: string | null | undefined): string | undefined {
  return alias?.startsWith(ALIAS_PREFIX) ? alias.slice(ALIAS_PREFIX.length) : undefined;
}
