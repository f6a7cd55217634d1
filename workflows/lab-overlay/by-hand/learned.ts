import { type Host, underlayAddress } from '../input.ts';
import { container, keep, otherOf, overlayAddress, parallel, type Scope, sequence } from '../machine-parts.ts';
import { resultOf } from '../results.ts';
import { expectVni } from './tunnel.ts';

/** Returns the MAC address of a host's container on the overlay. */
const macOf = ({ context }: Scope, host: Host) => resultOf(context.found, `${host}Pair`).peer.mac;

/** Reads a host's VXLAN link, and the addresses that the link, its bridge and its container have learned. */
export const learnedByHand = (host: Host) =>
  parallel({
    [`${host}ReadVxlan`]: {
      src: `${host}.observeVxlan` as const,
      input: expectVni(({ vni }) => vni),
      onDone: keep(`${host}ReadVxlan`),
    },
    [`${host}Forwarding`]: {
      src: `${host}.observeForwarding` as const,
      input: (scope) => ({
        bridge: scope.context.input.bridge,
        expect: {
          mac: macOf(scope, otherOf(host)),
          port: scope.context.input.vxlanLink,
          dst: underlayAddress(scope.context.input, otherOf(host)),
        },
      }),
      onDone: keep(`${host}Forwarding`),
    },
    [`${host}Neighbours`]: {
      src: `${host}.observeNeighbours` as const,
      input: (scope) => ({
        link: scope.context.input.containerDevice,
        in: container(scope, host),
        expect: {
          address: overlayAddress(scope, otherOf(host)),
          mac: macOf(scope, otherOf(host)),
        },
      }),
      onDone: keep(`${host}Neighbours`),
    },
  });

/** Reads the VXLAN link of alpha while a rule drops its packets: the link seems healthy. */
export const readTunnelWhileDropped = sequence({
  readVxlanWhileDropped: {
    src: 'alpha.observeVxlan',
    input: expectVni(({ vni }) => vni),
    onDone: keep('readVxlanWhileDropped'),
  },
});
