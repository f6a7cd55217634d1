import type { Examples } from './example.ts';

export const SYSTEMD = {
  writeUnit: {
    name: 'web.service',
    content: `[Service]
ExecStart=/usr/bin/busybox httpd -f -p 8080 -h /srv/site
ExecReload=/bin/kill -HUP $MAINPID

[Install]
WantedBy=multi-user.target
`,
  },
  enableUnit: { name: 'web.service' },
  startUnit: { name: 'web.service', stableMs: 200 },
  reloadUnit: { name: 'web.service', on: 'apply', stableMs: 200 },
  restartUnit: { name: 'web.service', on: 'undo' },
  stopUnit: { name: 'old-web.service' },
} as const satisfies Partial<Examples>;
