import { HOSTS, underlayAddress } from '../input.ts';
import { keep, READY, sequence } from '../machine-parts.ts';

/** TCP port on which a manager accepts nodes. */
const MANAGER_PORT = 2377;

/** Input of a step that lists the nodes of the Swarm, and expects both to be ready. */
const BOTH_READY = { ready: HOSTS.length, ...READY };

/** Creates a Swarm of the two engines: alpha is its manager, beta a worker. */
export const swarm = sequence({
  initSwarm: {
    src: 'alpha.initSwarm',
    input: ({ context: { input } }) => ({
      advertiseAddress: underlayAddress(input, 'alpha'),
      dataPathPort: input.port,
    }),
    onDone: keep('initSwarm'),
  },
  // The step reads the join token, a secret, from the engine of alpha.
  joinSwarm: {
    src: 'beta.joinSwarm',
    input: ({ context: { input } }) => ({
      manager: 'alpha',
      managerAddress: `${underlayAddress(input, 'alpha')}:${MANAGER_PORT}`,
      advertiseAddress: underlayAddress(input, 'beta'),
      as: 'worker',
    }),
    onDone: keep('joinSwarm'),
  },
  readNodes: { src: 'alpha.observeSwarmNodes', input: BOTH_READY, onDone: keep('readNodes') },
});

/** Reads the nodes of the Swarm while a rule drops the packets of the overlay: the nodes seem healthy. */
export const readNodesWhileDropped = sequence({
  readNodesWhileDropped: {
    src: 'alpha.observeSwarmNodes',
    input: BOTH_READY,
    onDone: keep('readNodesWhileDropped'),
  },
});
