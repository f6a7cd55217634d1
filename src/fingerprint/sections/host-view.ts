import { z } from 'zod';
import { bridgeNameOf } from '../../docker/bridge-name.ts';
import { parseSubnet, type Subnet } from '../../host/ip/subnet.ts';
import { READ, type Sections } from '../differences/shape.ts';

const linkSchema = z.object({
  kind: z.string().nullable(),
  master: z.string().nullable(),
  alias: z.string().nullable(),
  mac: z.string().optional(),
});
export type ViewedLink = z.output<typeof linkSchema>;

const labels = z.record(z.string(), z.string());
const networkSchema = z.object({
  id: z.string(),
  name: z.string(),
  driver: z.string(),
  labels,
  options: labels,
  subnets: z.array(z.object({ subnet: z.string() })),
});
const containerSchema = z.object({
  id: z.string(),
  name: z.string(),
  labels,
  /** Names of its volumes. */
  volumes: z.array(z.string()).default([]),
});
export type ViewedContainer = z.output<typeof containerSchema>;

export interface ViewedNetwork {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The link that is its bridge on this host, if it has one. */
  readonly bridge: string;
  readonly subnets: readonly Subnet[];
}

/** Facts of one fingerprint that attribution uses. */
export interface HostView {
  /** Whether a Docker engine answered. */
  readonly hasEngine: boolean;
  readonly links: ReadonlyMap<string, ViewedLink>;
  readonly networks: ReadonlyMap<string, ViewedNetwork>;
  readonly containers: ReadonlyMap<string, ViewedContainer>;
}

/** Builds the view of a fingerprint's sections. */
export function hostView(sections: Sections): HostView {
  const links = Object.entries(sections.links.entries).map(
    ([subject, link]) => [subject.replace(/^link /, ''), linkSchema.parse(link)] as const,
  );
  const networks = Object.values(sections.networks.entries).map((entry) => {
    const { id, name, labels: marks, options, subnets } = networkSchema.parse(entry);
    const ranges = subnets.flatMap(({ subnet }) => parseSubnet(subnet) ?? []);
    return [id, { id, name, labels: marks, bridge: bridgeNameOf({ id, options }), subnets: ranges }] as const;
  });
  const containers = Object.values(sections.containers.entries).map((entry) => {
    const container = containerSchema.parse(entry);
    return [container.id, container] as const;
  });
  return {
    hasEngine: sections.networks.state === READ,
    links: new Map(links),
    networks: new Map(networks),
    containers: new Map(containers),
  };
}
