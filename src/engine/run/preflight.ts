import { asWfError, WfError } from '../model/errors.ts';
import { isGivenHost, type NamedHosts } from '../model/named-host.ts';
import { onHostName } from '../model/on-host-name.ts';
import { noSuchHost } from '../place/no-such-host.ts';
import { portsOn } from '../place/ports-on.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { Requirement, RequirementResult } from '../workflow/requirement.ts';
import type { HostPorts } from '../workflow/step.ts';
import type { PreflightFinding } from './engine.ts';

/**
 * Checks all requirements concurrently. Touches nothing. The findings are in the order of the requirements.
 * @param named returns the ports of a named host; absent if there are none
 */
export function checkRequirements(
  requirements: readonly Requirement[],
  host: HostPorts,
  named: (name: string) => HostPorts = withoutNamedHosts,
): Promise<readonly PreflightFinding[]> {
  return Promise.all(
    requirements.map(async (requirement) => ({ requirement, result: await check(requirement, host, named) })),
  );
}

/** Checks one requirement; one whose check throws is not met. */
async function check(
  requirement: Requirement,
  own: HostPorts,
  named: (name: string) => HostPorts,
): Promise<RequirementResult> {
  const { host } = requirement;
  try {
    const result = await requirement.check(portsOn({ ports: own, named }, host));
    return result.met ? result : { met: false, error: onHost(host, result.error) };
  } catch (thrown) {
    return { met: false, error: onHost(host, asWfError(thrown)) };
  }
}

/** Returns the error with the name of its host. @param host undefined for the run's own */
function onHost(host: string | undefined, error: WfError): WfError {
  if (host === undefined) return error;
  const { code, message, hint, details, transient } = error;
  return new WfError(code, onHostName(host, message), { hint, details, transient, cause: error });
}

function withoutNamedHosts(name: string): HostPorts {
  throw noSuchHost(name, []);
}

/** Returns the error of the first unmet requirement; undefined if all are met. */
export function firstUnmet(findings: readonly PreflightFinding[]) {
  for (const { result } of findings) if (!result.met) return result.error;
  return undefined;
}

/** Returns the claim of a requirement; a name of a named host is unique in its namespace. */
function claimOf({ claim, host: name }: Requirement, hosts: NamedHosts): string | null {
  const host = name === undefined ? undefined : hosts[name];
  if (claim === null || host === undefined) return claim;
  if (!isGivenHost(host)) return null;
  return host.namespace === undefined ? claim : `${claim} in ${host.namespace}`;
}

/** The names that a run claims. */
export interface NamesToClaim {
  readonly wanted: readonly string[];
  /** The same, each with the scope in which it is unique. */
  readonly claims: readonly string[];
}

export const NO_NAMES: NamesToClaim = { wanted: [], claims: [] };

/** Returns the names that a run claims by its requirements; a private host has its own. */
export function namesToClaim(
  runtime: Pick<Runtime, 'scope'>,
  requirements: readonly Requirement[],
  hosts: NamedHosts,
  secrets: Secrets,
): NamesToClaim {
  const claimed = requirements.flatMap((requirement) => claimOf(requirement, hosts) ?? []);
  const wanted = [...new Set(claimed)].map((claim) => secrets.redactText(claim));
  // Read only if there is a claim: reading the scope takes as long as a step.
  const scope = wanted.length === 0 ? null : runtime.scope;
  return scope === null ? NO_NAMES : { wanted, claims: wanted.map((name) => `${scope} ${name}`) };
}
