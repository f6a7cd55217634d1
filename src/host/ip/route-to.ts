import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import type { CommandPort, NamespaceRef } from '../../engine/ports/command.ts';
import { readIpJson } from './run-ip.ts';

/** Path that the kernel chooses for packets to an address. */
export interface RouteTo {
  readonly to: string;
  /** Null if the destination is on the device's own network. */
  readonly gateway: string | null;
  readonly device: string;
  readonly source: string | null;
}

const answer = z.object({
  dst: z.string(),
  gateway: z.string().optional(),
  dev: z.string(),
  prefsrc: z.string().optional(),
});

/**
 * Reads the route that a packet to an address would take.
 * @throws WfError like readLinks; E_HOST_COMMAND if there is no route.
 */
export async function readRouteTo(command: CommandPort, address: string, namespace?: NamespaceRef): Promise<RouteTo> {
  const [route] = await readIpJson(command, ['route', 'get', address], answer, namespace);
  if (route === undefined) {
    throw new WfError('E_HOST_STATE_UNKNOWN', `\`ip route get ${address}\` printed no route`, {
      hint: `Run it by hand: \`ip -json route get ${address}\`.`,
    });
  }
  return { to: route.dst, gateway: route.gateway ?? null, device: route.dev, source: route.prefsrc ?? null };
}
