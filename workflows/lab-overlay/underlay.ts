import { prefixLengthOf } from 'wf-engine';
import { CABLE_END, type Host, UNDERLAY_MTU, underlayAddress } from './input.ts';
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

/** Joins the two hosts by a cable, and shows that they reach each other by it and have no other. */
export const underlay = sequence({
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
  look: parallel({
    alphaUnderlayLinks: {
      src: 'alpha.observeLinks',
      input: ({ context }) => ({ only: ['lo', context.input.underlayLink] }),
      onDone: keep('alphaUnderlayLinks'),
    },
    betaUnderlayLinks: {
      src: 'beta.observeLinks',
      input: ({ context }) => ({ only: ['lo', context.input.underlayLink] }),
      onDone: keep('betaUnderlayLinks'),
    },
    alphaPingsUnderlay: {
      src: 'alpha.pingProbe',
      input: (scope) => ({ ...pingUnderlay(scope, 'alpha'), ...READY }),
      onDone: keep('alphaPingsUnderlay'),
    },
    betaPingsUnderlay: {
      src: 'beta.pingProbe',
      input: (scope) => ({ ...pingUnderlay(scope, 'beta'), ...READY }),
      onDone: keep('betaPingsUnderlay'),
    },
  }),
});
