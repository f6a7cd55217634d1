import type { StepRunner } from './step.ts';

/**
 * The facets of a host in a fingerprint. `network`: links, addresses, routes, rules, neighbours, queueing disciplines, kernel settings and
 * named namespaces; `firewall`: iptables and nftables; `docker`: networks, containers and volumes of the engine.
 */
export const FACETS = ['network', 'firewall', 'docker'] as const;
export type Facet = (typeof FACETS)[number];

/** Whether a step of this runner may alter more than it records: its command line, or its code, is the user's own. */
export function isArbitrary(runner: StepRunner | undefined): boolean {
  if (runner === undefined) return true;
  const { behaviour, runsAnyCommand } = runner;
  return behaviour.type === 'change' && (runsAnyCommand || behaviour.alters === undefined);
}

/** The facets that the steps of a workflow can alter. */
export interface AlteredFacets {
  readonly facets: readonly Facet[];
  /** The facets among them in which a step may alter more than it records. */
  readonly arbitrary: readonly Facet[];
}

/** Returns the facets that steps of these runners can alter. */
export function facetsOf(runners: readonly StepRunner[]): AlteredFacets {
  return { facets: altersOf(runners), arbitrary: altersOf(runners.filter(isArbitrary)) };
}

function altersOf(runners: readonly StepRunner[]): readonly Facet[] {
  const altered = runners.flatMap(({ behaviour }) => (behaviour.type === 'change' ? (behaviour.alters ?? FACETS) : []));
  return FACETS.filter((facet) => altered.includes(facet));
}
