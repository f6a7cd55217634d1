import type { Examples } from './example.ts';

/** Networks and containers, and what needs a container. */
export const DOCKER = {
  dockerImage: { reference: 'hashicorp/http-echo' },
  dockerNetwork: { name: 'shop', subnet: '172.31.9.0/24' },
  dockerContainer: ({ network }) => ({
    name: 'Web',
    image: 'hashicorp/http-echo',
    command: ['-text', 'Hello'],
    networkId: network.id,
    network: network.name,
    keepsNamesLocal: true,
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
