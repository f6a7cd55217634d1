import { handmadeOverlay } from './by-hand/overlay.ts';
import type { Host } from './input.ts';
import {
  container,
  eitherWay,
  fetchAcross,
  keep,
  otherOf,
  parallel,
  pingAcross,
  READY,
  sequence,
  textOf,
} from './machine-parts.ts';
import { byName, swarmOverlay } from './on-docker/overlay.ts';

/** Reaches the other host's container by ping and HTTP. */
const tries = (host: Host) =>
  parallel({
    [`${host}Links`]: {
      src: `${host}.observeLinks` as const,
      input: (scope) => ({ in: container(scope, host) }),
      onDone: keep(`${host}Links`),
    },
    [`${host}Pings`]: {
      src: `${host}.pingProbe` as const,
      input: (scope) => ({ ...pingAcross(scope, host), ...READY }),
      onDone: keep(`${host}Pings`),
    },
    [`${host}Fetches`]: {
      src: `${host}.httpProbe` as const,
      input: (scope) => ({ ...fetchAcross(scope, host), expect: textOf(scope, otherOf(host)), ...READY }),
      onDone: keep(`${host}Fetches`),
    },
  });

/** Starts a container on each host, and connects the two by an overlay. */
export const overlay = sequence({
  build: eitherWay({ byHand: handmadeOverlay, onDocker: swarmOverlay }),
  tries: parallel({ alpha: tries('alpha'), beta: tries('beta') }),
  byName: { when: 'onDocker', ...byName },
});
