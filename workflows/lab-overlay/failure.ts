import { readTunnelWhileDropped } from './by-hand/learned.ts';
import {
  eitherWay,
  keep,
  parallel,
  pingAcross,
  pingUnderlay,
  READY,
  revert,
  SILENCE,
  sequence,
} from './machine-parts.ts';
import { readNodesWhileDropped } from './on-docker/swarm.ts';
import { DROP_TABLE, DROPPED, dropRules } from './packet-counts.ts';

/** Shows an overlay that seems healthy but carries no packets, then repairs it. */
export const failure = sequence({
  dropOverlay: {
    src: 'alpha.createNftTable',
    input: ({ context }) => ({ family: 'inet', table: DROP_TABLE, ruleset: dropRules(context.input) }),
  },
  controls: parallel({
    controlUnderlayWhileDropped: {
      src: 'alpha.pingProbe',
      input: (scope) => ({ ...pingUnderlay(scope, 'alpha'), ...READY }),
      onDone: keep('controlUnderlayWhileDropped'),
    },
    health: eitherWay({ byHand: readTunnelWhileDropped, onDocker: readNodesWhileDropped }),
  }),
  pingWhileDropped: {
    src: 'alpha.pingProbe',
    input: (scope) => ({ ...pingAcross(scope, 'alpha'), ...SILENCE }),
    onDone: keep('pingWhileDropped'),
  },
  readDropped: {
    src: 'alpha.observeNftCounters',
    input: { family: 'inet', table: DROP_TABLE, chain: 'output', comment: DROPPED, moreThan: 0 },
    onDone: keep('readDropped'),
  },
  takeBack: revert('dropOverlay'),
  pingTakenBack: {
    src: 'alpha.pingProbe',
    input: (scope) => ({ ...pingAcross(scope, 'alpha'), ...READY }),
    onDone: keep('pingTakenBack'),
  },
});
