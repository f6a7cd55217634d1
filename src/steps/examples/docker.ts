import type { Examples } from './example.ts';

/** Examples with networks and containers. */
export const DOCKER = {
  dockerImage: { reference: 'hashicorp/http-echo' },
  dockerNetwork: { name: 'shop', subnet: '172.31.9.0/24' },
  dockerVolume: { name: 'shop-data', labels: { tier: 'front' } },
  dockerContainer: ({ network }) => ({
    name: 'Web',
    image: 'hashicorp/http-echo',
    command: ['-text', 'Hello'],
    networkId: network.id,
    network: network.name,
    keepsNamesLocal: true,
    env: { COLOUR: 'blue' },
    ports: [{ containerPort: 5678, hostPort: 48_678 }],
    mounts: [{ type: 'volume', source: 'shop-data', target: '/data' }],
    resources: { pids: 50 },
    restart: { policy: 'on-failure', maxRetries: 3 },
  }),
  dockerConnect: ({ web }) => ({ container: web.id, network: 'bridge' }),
  dockerExec: ({ web }) => ({
    container: web.id,
    title: 'mark the container as ready',
    argv: ['touch', '/tmp/ready'],
    check: ['test', '-e', '/tmp/ready'],
    undo: ['rm', '/tmp/ready'],
  }),
  inspectContainer: ({ web }) => ({ id: web.id }),
  inspectNetwork: ({ network }) => ({ id: network.id }),
  listContainers: {},
  listNetworks: {},
  dnsProbe: ({ web }) => ({
    from: { type: 'namespace', label: web.name, namespace: web.namespace },
    name: 'web',
    server: '127.0.0.11',
    deadlineMs: 5_000,
  }),
  reachabilityProbe: ({ network, web }) => ({
    from: web,
    answering: { gateway: network.gateway },
    silent: { nobody: '172.31.9.99' },
    deadlineMs: 5_000,
    silenceMs: 500,
  }),
} as const satisfies Partial<Examples>;
