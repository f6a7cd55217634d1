import { prefixLengthOf } from 'wf-engine/steps';
import { type Host, OVERLAY_MTU } from '../input.ts';
import { container, keep, overlayAddress, parallel, sequence, textOf } from '../machine-parts.ts';
import { resultOf } from '../results.ts';
import { vxlan, vxlanSettings } from './tunnel.ts';

/** Starts a host's container on its own network, as on a Docker host without an overlay. */
const app = (host: Host) =>
  sequence({
    [`${host}Image`]: {
      src: `${host}.dockerImage` as const,
      input: ({ context }) => ({ reference: context.input.image }),
    },
    [`${host}Network`]: {
      src: `${host}.dockerNetwork` as const,
      input: ({ context }) => ({ name: context.names.network }),
      onDone: keep(`${host}Network`),
    },
    [`${host}Container`]: {
      src: `${host}.dockerContainer` as const,
      input: (scope) => ({
        name: scope.context.names[`${host}Container` as const],
        image: scope.context.input.image,
        command: ['-text', textOf(scope, host)],
        networkId: resultOf(scope.context.found, `${host}Network`).id,
        network: scope.context.names.network,
        keepsNamesLocal: true,
      }),
      onDone: keep(`${host}Container`),
    },
  });

/** Creates a host's bridge with two ports: its tunnel to the other host, and a veth pair for the container. */
const segment = (host: Host) =>
  sequence({
    links: parallel({
      [`${host}Bridge`]: {
        src: `${host}.createLink` as const,
        input: ({ context }) => ({ name: context.input.bridge, kind: 'bridge', mtu: OVERLAY_MTU }),
      },
      vxlan: vxlan(host, ({ vni }) => vni),
      [`${host}Pair`]: {
        src: `${host}.createVethPair` as const,
        input: ({ context: { input } }) => ({ name: input.hostLink, peer: input.containerLink, mtu: OVERLAY_MTU }),
        onDone: keep(`${host}Pair`),
      },
    }),
    settings: parallel({
      [`${host}BridgeUp`]: {
        src: `${host}.setLinkUp` as const,
        input: ({ context }) => ({ link: context.input.bridge }),
      },
      vxlan: vxlanSettings(host),
      [`${host}PairPort`]: {
        src: `${host}.enslaveLink` as const,
        input: ({ context: { input } }) => ({ link: input.hostLink, bridge: input.bridge }),
      },
      [`${host}PairUp`]: {
        src: `${host}.setLinkUp` as const,
        input: ({ context }) => ({ link: context.input.hostLink }),
      },
    }),
  });

/** Moves the other end of the pair into a host's container. */
const plug = (host: Host) =>
  sequence({
    [`${host}PairMove`]: {
      src: `${host}.moveLink` as const,
      input: (scope) => ({
        link: scope.context.input.containerLink,
        to: container(scope, host),
        name: scope.context.input.containerDevice,
      }),
    },
    device: parallel({
      [`${host}DeviceAddress`]: {
        src: `${host}.addAddress` as const,
        input: (scope) => ({
          link: scope.context.input.containerDevice,
          address: `${overlayAddress(scope, host)}/${prefixLengthOf(scope.context.input.overlaySubnet)}`,
          in: container(scope, host),
        }),
      },
      [`${host}DeviceUp`]: {
        src: `${host}.setLinkUp` as const,
        input: (scope) => ({ link: scope.context.input.containerDevice, in: container(scope, host) }),
      },
    }),
  });

/** Starts a container on each host, and connects the two by a handmade overlay. */
export const handmadeOverlay = sequence({
  hosts: parallel({
    alphaApp: app('alpha'),
    alphaSegment: segment('alpha'),
    betaApp: app('beta'),
    betaSegment: segment('beta'),
  }),
  plugs: parallel({ alpha: plug('alpha'), beta: plug('beta') }),
});

/** Returns the steps that connected a host's container to the bridge. Their changes vanish with the container. */
export function plugSteps(host: Host): readonly string[] {
  return ['Pair', 'PairPort', 'PairUp', 'PairMove', 'DeviceAddress', 'DeviceUp'].map((step) => `${host}${step}`);
}
