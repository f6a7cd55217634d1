import type { Examples } from './example.ts';

export const EXEC = {
  execCommand: {
    title: 'announce the site',
    argv: ['tee', '/run/site-is-ready'],
    stdin: 'ready\n',
    check: ['test', '-s', '/run/site-is-ready'],
    undo: ['rm', '--force', '/run/site-is-ready'],
  },
  execOnUndo: { title: 'remove the cache', argv: ['rm', '--force', '--recursive', '/var/cache/site'] },
  execRead: { argv: ['cat', '/run/site-is-ready'], until: { contains: 'ready', deadlineMs: 5_000, everyMs: 100 } },
} as const satisfies Partial<Examples>;
