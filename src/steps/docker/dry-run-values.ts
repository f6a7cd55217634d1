import { sha256 } from '../../engine/model/digest.ts';

/** Returns the object id that a dry run uses for a name: equal for equal names. */
export function dryRunId(name: string): string {
  return sha256(name);
}

/** Returns the subnet that a dry run uses for a network, from Docker's default pools 172.18.0.0/16 to 172.31.0.0/16. */
export function dryRunSubnet(network: string): string {
  return `172.${18 + numberOf(network, 14)}.0.0/16`;
}

/** Returns the address that a dry run uses for a container in its network. */
export function dryRunAddress(network: string, container: string): string {
  return dryRunSubnet(network).replace(/0\/16$/, String(2 + numberOf(container, 50)));
}

/** Returns the pid that a dry run uses for a container: five digits. */
export function dryRunPid(container: string): number {
  return 10_000 + numberOf(container, 20_000);
}

function numberOf(name: string, below: number): number {
  return Number.parseInt(dryRunId(name).slice(0, 8), 16) % below;
}

/** Returns the id that a dry run uses for a swarm, a node or an overlay network: 25 letters and digits. */
export function dryRunSwarmId(name: string): string {
  return dryRunId(name).slice(0, 25);
}
