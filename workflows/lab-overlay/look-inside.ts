import { learnedByHand } from './by-hand/learned.ts';
import { eitherWay, keep, parallel, pingAcross, READY, sequence } from './machine-parts.ts';
import { learnedOnDocker } from './on-docker/learned.ts';
import { arrivedRule, arrivedRules, COUNT_TABLE, sentRule, sentRules } from './packet-counts.ts';
import { resultOf } from './results.ts';

/** Shows how the packets of the overlay cross the underlay. */
export const lookInside = sequence({
  count: parallel({
    countSent: {
      src: 'alpha.createNftTable',
      input: (scope) => ({ family: 'inet', table: COUNT_TABLE, ruleset: sentRules(scope) }),
    },
    countArrived: {
      src: 'beta.createNftTable',
      input: (scope) => ({ family: 'inet', table: COUNT_TABLE, ruleset: arrivedRules(scope) }),
    },
  }),
  before: parallel({
    readSentBefore: { src: 'alpha.observeNftCounters', input: sentRule, onDone: keep('readSentBefore') },
    readArrivedBefore: { src: 'beta.observeNftCounters', input: arrivedRule, onDone: keep('readArrivedBefore') },
    readCableBefore: {
      when: 'hasCable',
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
      when: 'hasCable',
      src: 'alpha.observeCounters',
      input: ({ context }) => ({
        link: context.input.underlayLink,
        moreThan: resultOf(context.found, 'readCableBefore'),
      }),
      onDone: keep('readCableAfter'),
    },
    learned: eitherWay({
      byHand: parallel({ alpha: learnedByHand('alpha'), beta: learnedByHand('beta') }),
      onDocker: parallel({ alpha: learnedOnDocker('alpha'), beta: learnedOnDocker('beta') }),
    }),
  }),
});
