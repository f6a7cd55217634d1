import type { Examples } from './example.ts';

/** A network namespace `lab`, connected to a bridge by a pair of links. */
export const NET = {
  createNamespace: { name: 'lab' },
  createLink: { name: 'br-lab', kind: 'bridge' },
  createVethPair: { name: 'lab0', peer: 'lab1', mtu: null },
  enslaveLink: { link: 'lab0', bridge: 'br-lab' },
  setLinkMtu: { link: 'lab0', mtu: 1400 },
  addForwardingEntry: { link: 'lab0', mac: '02:00:00:00:09:02' },
  setQdisc: { link: 'lab0', kind: 'tbf', options: ['rate', '1mbit', 'burst', '32kbit', 'latency', '400ms'] },
  moveLink: ({ lab }) => ({ link: 'lab1', to: lab, name: 'uplink' }),
  renameLink: ({ lab }) => ({ link: 'uplink', name: 'eth0', in: lab }),
  setLinkUp: ({ lab }) => ({ link: 'eth0', in: lab }),
  addAddress: ({ lab }) => ({ link: 'eth0', address: '10.9.0.2/24', in: lab }),
  removeAddress: ({ lab }) => ({ link: 'lo', address: '127.0.0.1/8', in: lab }),
  addRoute: ({ lab }) => ({ destination: 'default', via: '10.9.0.1', device: 'eth0', mode: 'secondary', in: lab }),
  addRule: ({ lab }) => ({ priority: 1000, from: '10.9.0.0/24', action: { table: 100 }, in: lab }),
  checkAddressFree: { address: '10.9.0.3', link: 'br-lab', networkId: null },
  observeBridge: ({ lab }) => ({ bridge: 'br-lab', containers: [lab] }),
  observeCounters: ({ lab }) => ({ link: 'eth0', in: lab }),
  observeFirewall: {},
  observeForwarding: { bridge: 'br-lab' },
  observeLinks: ({ lab }) => ({ in: lab }),
  observeLinksGone: { links: ['lab9'], deadlineMs: 2_000 },
  observeNeighbours: ({ lab }) => ({ link: 'eth0', in: lab }),
  observeRoute: ({ lab }) => ({ to: '10.9.0.1', through: 'eth0', in: lab }),
} as const satisfies Partial<Examples>;

/** Reads a tunnel of the workflow `lab-overlay`. */
export const OVERLAY = {
  observeVxlan: { link: 'vxlan0', expect: { vni: 42, port: 4789, mtu: 1450 } },
} as const satisfies Partial<Examples>;
