import { prefixLengthOf } from 'wf-engine/steps';
import { CABLE_END, type Host, linksBefore, UNDERLAY_MTU, underlayAddress } from './input.ts';
import { keep, parallel, pingUnderlay, READY, sequence } from './machine-parts.ts';
import { resultOf } from './results.ts';

/** Gives a host's end of the cable its address. */
const cableEnd = (host: Host) =>
  parallel({
    [`${host}UnderlayAddress`]: {
      src: `${host}.addAddress` as const,
      input: ({ context: { input } }) => ({
        link: input.underlayLink,
        address: `${underlayAddress(input, host)}/${prefixLengthOf(input.underlaySubnet)}`,
      }),
    },
    [`${host}UnderlayUp`]: {
      src: `${host}.setLinkUp` as const,
      input: ({ context }) => ({ link: context.input.underlayLink }),
    },
  });

/** Connects the two hosts by a cable. */
const cable = sequence({
  begin: parallel({
    createCable: {
      src: 'alpha.createVethPair',
      input: ({ context }) => ({ name: context.input.underlayLink, peer: CABLE_END, mtu: UNDERLAY_MTU }),
      onDone: keep('createCable'),
    },
    findBeta: { src: 'beta.observeHostPlace', input: { name: 'beta' }, onDone: keep('findBeta') },
  }),
  plugIntoBeta: {
    src: 'alpha.moveLink',
    input: ({ context }) => ({
      link: CABLE_END,
      to: resultOf(context.found, 'findBeta'),
      name: context.input.underlayLink,
    }),
  },
  ends: parallel({ alpha: cableEnd('alpha'), beta: cableEnd('beta') }),
});

/** Reads the links of a host, and pings the other host. */
const observe = (host: Host) =>
  parallel({
    [`${host}UnderlayLinks`]: {
      src: `${host}.observeLinks` as const,
      input: ({ context: { input } }) => {
        const before = linksBefore(input);
        return { only: before === null ? null : [...before, input.underlayLink] };
      },
      onDone: keep(`${host}UnderlayLinks`),
    },
    [`${host}PingsUnderlay`]: {
      src: `${host}.pingProbe` as const,
      input: (scope) => ({ ...pingUnderlay(scope, host), ...READY }),
      onDone: keep(`${host}PingsUnderlay`),
    },
  });

/** Shows that the two hosts reach each other. If the run has created the hosts, they have no other link. */
export const underlay = sequence({
  cable: { when: 'hasCable', ...cable },
  observe: parallel({ alpha: observe('alpha'), beta: observe('beta') }),
});
