import type { Host, Names } from '../input.ts';
import {
  inContainer,
  keep,
  otherOf,
  PINGS,
  parallel,
  READY,
  type Scope,
  sequence,
  textOf,
  url,
} from '../machine-parts.ts';
import { resultOf } from '../results.ts';

type OverlayKey = 'overlayNetwork' | 'strangerOverlay' | 'encryptedOverlay';

/** Returns the input of a step that starts a container on an overlay network. */
export function onOverlay(
  { context: { input, names, found } }: Scope,
  key: OverlayKey,
  name: keyof Names,
  text: string,
) {
  const network = resultOf(found, key);
  return {
    name: names[name],
    image: input.image,
    command: ['-text', text],
    networkId: network.id,
    network: network.name,
    keepsNamesLocal: true,
  };
}

const app = (host: Host) =>
  sequence({
    [`${host}OverlayContainer`]: {
      src: `${host}.dockerContainer` as const,
      input: (scope) => onOverlay(scope, 'overlayNetwork', `${host}Container`, textOf(scope, host)),
      onDone: keep(`${host}OverlayContainer`),
    },
  });

/** Creates an overlay network on the manager, and starts a container on it on each host. */
export const swarmOverlay = sequence({
  overlayNetwork: {
    src: 'alpha.dockerNetwork',
    input: ({ context: { input, names } }) => ({
      name: names.overlayNetwork,
      subnet: input.overlaySubnet,
      driver: 'overlay',
      attachable: true,
    }),
    onDone: keep('overlayNetwork'),
  },
  containers: parallel({ alpha: app('alpha'), beta: app('beta') }),
});

const nameOf = ({ context }: Scope, host: Host) => context.names[`${host}Container` as const].toLowerCase();

/** Returns the address of the other container from the name server of a host's container; in a dry run, the name. */
const resolved = (scope: Scope, host: Host) =>
  resultOf(scope.context.found, `${host}Resolves`).addresses[0] ?? nameOf(scope, otherOf(host));

/** Reaches the other host's container by its name, which the container's own name server resolves. */
const names = (host: Host) =>
  sequence({
    [`${host}Resolves`]: {
      src: `${host}.dnsProbe` as const,
      input: (scope) => ({
        from: inContainer(scope, host),
        name: nameOf(scope, otherOf(host)),
        ...READY,
      }),
      onDone: keep(`${host}Resolves`),
    },
    reach: parallel({
      [`${host}PingsName`]: {
        src: `${host}.pingProbe` as const,
        input: (scope) => ({ from: inContainer(scope, host), to: resolved(scope, host), ...PINGS, ...READY }),
        onDone: keep(`${host}PingsName`),
      },
      [`${host}FetchesName`]: {
        src: `${host}.httpProbe` as const,
        input: (scope) => ({
          from: inContainer(scope, host),
          url: url(resolved(scope, host)),
          expect: textOf(scope, otherOf(host)),
          ...READY,
        }),
        onDone: keep(`${host}FetchesName`),
      },
    }),
  });

export const byName = parallel({ alpha: names('alpha'), beta: names('beta') });
