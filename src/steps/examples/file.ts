import type { Examples } from './example.ts';

export const FILE = {
  createFolder: { path: '/srv/site', mode: '0755' },
  writeFile: {
    path: '/srv/site/index.html',
    template: 'Hello from {{city}}\n',
    values: { city: 'Lyon' },
    mode: '0644',
  },
  copyFile: { source: '/srv/site/index.html', path: '/srv/site/index.html.before' },
  createSymlink: { path: '/srv/site/current', target: 'release-2' },
  editLine: { path: '/etc/hosts', line: '10.9.0.2 lab', prefix: '10.9.0.2 ' },
  removeFile: { path: '/etc/motd' },
} as const satisfies Partial<Examples>;
