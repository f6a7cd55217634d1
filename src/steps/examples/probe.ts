import type { Examples } from './example.ts';

const from = { type: 'host' } as const;

export const PROBE = {
  commandProbe: { from, argv: ['test', '-s', '/srv/site/index.html'], deadlineMs: 2_000 },
  httpProbe: { from, url: 'http://127.0.0.1:8080/', expect: 'Hello from Lyon', deadlineMs: 5_000 },
  pingProbe: { from, to: '127.0.0.1', count: 3, deadlineMs: 2_000 },
  tcpProbe: { from, to: '127.0.0.1', port: 8080, expect: 'connected', deadlineMs: 5_000 },
  tlsProbe: { from, to: '127.0.0.1', port: 8443, serverName: 'web.example', mustVerify: false, deadlineMs: 5_000 },
} as const satisfies Partial<Examples>;
