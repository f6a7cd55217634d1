import type { Examples } from './example.ts';

/** On two named hosts of the run, `alpha` and `beta`, which reach each other. */
export const SWARM = {
  initSwarm: { advertiseAddress: '10.92.0.1', dataPathPort: 4790, subnetPool: '10.43.0.0/16' },
  joinSwarm: { manager: 'alpha', managerAddress: '10.92.0.1:2377', advertiseAddress: '10.92.0.2', as: 'manager' },
  observeSwarmNodes: {},
  observeOverlay: ({ network }) => ({ network: network.id }),
} as const satisfies Partial<Examples>;
