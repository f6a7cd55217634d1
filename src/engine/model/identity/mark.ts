import { sha256 } from '../digest.ts';
import type { RunId, StepId } from '../ids.ts';

/** The label that marks a Docker object as a run's; its value is the run id. */
export const RUN_LABEL = 'wf.run';

/** The routing protocol number of routes that wf adds, which rt_protos of iproute2 does not use. */
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

/** Longest step id in the comment of a firewall rule: nftables allows 128 bytes, and a run id has at most 63. */
const STEP_IN_COMMENT = /^[\w.#/-]{1,56}$/;

/** Returns the comment that marks a firewall rule, or a table of rules, as the work of this step: `wf:RUN:STEP`. */
export function ruleCommentOf(run: RunId, step: StepId): string {
  return `wf:${run}:${STEP_IN_COMMENT.test(step) ? step : sha256(step).slice(0, 16)}`;
}

/** Returns the run that the comment of a firewall rule names; undefined if the comment is not a mark of wf. */
export function runOfRuleComment(comment: string): string | undefined {
  return /^wf:([A-Za-z0-9][\w-]{0,62}):/.exec(comment)?.[1] ?? runOfLinkAlias(comment);
}
