import { type Host, OVERLAY_MTU, underlayAddress } from '../input.ts';
import { container, keep, otherOf, sequence } from '../machine-parts.ts';
import { resultOf } from '../results.ts';

/** Reads the VXLAN link that Docker has created in an unnamed namespace of a host, and the addresses that the link knows. */
export const learnedOnDocker = (host: Host) =>
  sequence({
    [`${host}ReadOverlay`]: {
      src: `${host}.observeOverlay` as const,
      input: (scope) => ({
        network: resultOf(scope.context.found, 'overlayNetwork').id,
        expect: {
          port: scope.context.input.port,
          mtu: OVERLAY_MTU,
          address: container(scope, otherOf(host)).ipv4,
          dst: underlayAddress(scope.context.input, otherOf(host)),
        },
      }),
      onDone: keep(`${host}ReadOverlay`),
    },
  });
