import { sha256 } from '../../engine/model/digest.ts';

/** What a dry run takes for what an engine would choose: the same for the same name, another for another. */
export function pretendedId(name: string): string {
  return sha256(name);
}

/** One of the pools that an engine takes its subnets from, 172.18.0.0/16 to 172.31.0.0/16. */
export function pretendedSubnet(network: string): string {
  return `172.${18 + numberOf(network, 14)}.0.0/16`;
}

/** An address of a container in the pretended subnet of its network. */
export function pretendedAddress(network: string, container: string): string {
  return pretendedSubnet(network).replace(/0\/16$/, String(2 + numberOf(container, 50)));
}

/** A process id of five digits. */
export function pretendedPid(container: string): number {
  return 10_000 + numberOf(container, 20_000);
}

function numberOf(name: string, below: number): number {
  return Number.parseInt(pretendedId(name).slice(0, 8), 16) % below;
}
