import { type Host, overlayAddress, underlayAddress } from './input.ts';
import { container, keep, otherOf, parallel, pingAcross, READY, type Scope, sequence } from './machine-parts.ts';
import { ARRIVED, arrivedRules, COUNT_TABLE, SENT, sentRules } from './packet-counts.ts';
import { resultOf } from './results.ts';
import { expectVni } from './tunnel.ts';

const sentRule = { family: 'inet', table: COUNT_TABLE, chain: 'output', comment: SENT } as const;
export const arrivedRule = { family: 'inet', table: COUNT_TABLE, chain: 'input', comment: ARRIVED } as const;

/** Returns the MAC address of a host's container on the overlay. */
const macOf = ({ context }: Scope, host: Host) => resultOf(context.found, `${host}Pair`).peer.mac;

/** Reads a host's VXLAN link, and the addresses that it, its bridge and its container have learned. */
const learned = (host: Host) =>
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
          address: overlayAddress(scope.context.input, otherOf(host)),
          mac: macOf(scope, otherOf(host)),
        },
      }),
      onDone: keep(`${host}Neighbours`),
    },
  });

/** Shows how the packets of the overlay cross the underlay. */
export const lookInside = sequence({
  count: parallel({
    countSent: {
      src: 'alpha.createNftTable',
      input: ({ context }) => ({ family: 'inet', table: COUNT_TABLE, ruleset: sentRules(context.input) }),
    },
    countArrived: {
      src: 'beta.createNftTable',
      input: ({ context }) => ({ family: 'inet', table: COUNT_TABLE, ruleset: arrivedRules(context.input) }),
    },
  }),
  before: parallel({
    readSentBefore: { src: 'alpha.observeNftCounters', input: sentRule, onDone: keep('readSentBefore') },
    readArrivedBefore: { src: 'beta.observeNftCounters', input: arrivedRule, onDone: keep('readArrivedBefore') },
    readCableBefore: {
      src: 'alpha.observeCounters',
      input: ({ context }) => ({ link: context.input.underlayLink }),
      onDone: keep('readCableBefore'),
    },
  }),
  pingToCount: {
    src: 'alpha.pingProbe',
    input: (scope) => ({ ...pingAcross(scope, 'alpha'), ...READY }),
    onDone: keep('pingToCount'),
  },
  after: parallel({
    readSentAfter: {
      src: 'alpha.observeNftCounters',
      input: ({ context }) => ({ ...sentRule, moreThan: resultOf(context.found, 'readSentBefore').packets }),
      onDone: keep('readSentAfter'),
    },
    readArrivedAfter: {
      src: 'beta.observeNftCounters',
      input: ({ context }) => ({ ...arrivedRule, moreThan: resultOf(context.found, 'readArrivedBefore').packets }),
      onDone: keep('readArrivedAfter'),
    },
    readCableAfter: {
      src: 'alpha.observeCounters',
      input: ({ context }) => ({
        link: context.input.underlayLink,
        moreThan: resultOf(context.found, 'readCableBefore'),
      }),
      onDone: keep('readCableAfter'),
    },
    alpha: learned('alpha'),
    beta: learned('beta'),
  }),
});
