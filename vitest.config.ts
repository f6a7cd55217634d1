import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (name: string) => fileURLToPath(new URL(`./src/${name}/index.ts`, import.meta.url));
const alias = {
  // Longest first: an alias also matches what begins with it.
  'wf-engine/steps': source('steps'),
  'wf-engine/testing': source('testing'),
  'wf-engine': source('.'),
};

/** Test files share processes, which load the sources once. */
const shared = { isolate: false, setupFiles: 'test/support/end-of-file.ts' };

export default defineConfig({
  resolve: { alias },
  test: {
    // On a busy machine, one second is too short.
    expect: { poll: { timeout: 10_000 } },
    // The lanes translate the same sources.
    experimental: { fsModuleCache: process.env['WF_TEST_CACHES'] !== undefined },
    // The message of a failure is all that the report of `npm test` has of it.
    chaiConfig: { truncateThreshold: 0 },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          globalSetup: 'test/support/programs/build-programs.ts',
          include: ['test/unit/**/*.test.ts'],
          exclude: ['test/unit/definition/**'],
          ...shared,
          testTimeout: 20_000,
        },
      },
      {
        // Code of workflow files gets at the process itself: each file of these tests has its own, which translates all sources first.
        extends: true,
        test: { name: 'definition', include: ['test/unit/definition/**/*.test.ts'], testTimeout: 60_000 },
      },
      {
        // Random machines, random kills and time-outs: what `npm run test:quick` leaves out.
        extends: true,
        test: {
          name: 'exhaustive',
          globalSetup: 'test/support/programs/build-programs.ts',
          include: ['test/exhaustive/**/*.test.ts'],
          ...shared,
          testTimeout: 60_000,
        },
      },
      {
        // Links and namespaces of the machine itself: one file at a time, in a network namespace of the tests' own.
        extends: true,
        test: {
          name: 'host',
          globalSetup: ['test/support/programs/build-wf.ts', 'test/support/programs/build-programs.ts'],
          include: ['test/host/**/*.test.ts'],
          ...shared,
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        // One engine for all: one file at a time.
        extends: true,
        test: {
          name: 'docker',
          globalSetup: [
            'test/support/programs/build-wf.ts',
            'test/support/programs/build-programs.ts',
            'test/support/engines/workers-engines.ts',
          ],
          include: ['test/docker/**/*.test.ts'],
          ...shared,
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        // The same promises of both runtimes: on one engine, and on private hosts. One file at a time.
        extends: true,
        test: {
          name: 'contract',
          globalSetup: 'test/support/programs/build-wf.ts',
          include: ['test/contract/**/*.test.ts'],
          ...shared,
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'cli',
          globalSetup: ['test/support/programs/build-wf.ts', 'test/support/programs/build-programs.ts'],
          include: ['test/cli/**/*.test.ts'],
          ...shared,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        // The page in Debian's Chromium: one file at a time, all in one browser.
        extends: true,
        test: {
          name: 'browser',
          globalSetup: ['test/support/programs/build-wf.ts', 'test/support/programs/build-programs.ts'],
          include: ['test/browser/**/*.test.ts'],
          ...shared,
          fileParallelism: false,
          testTimeout: 90_000,
          hookTimeout: 60_000,
        },
      },
      {
        // Needs the machine's first PID namespace, where it can be seen that a namespace has ended.
        extends: true,
        test: {
          name: 'place',
          globalSetup: ['test/support/programs/build-wf.ts', 'test/support/programs/build-programs.ts'],
          include: ['test/place/**/*.test.ts'],
          ...shared,
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        // Real processes are killed, on hosts of their own: two files at a time, after all others.
        extends: true,
        test: {
          name: 'crash',
          globalSetup: ['test/support/programs/build-wf.ts', 'test/support/programs/build-programs.ts'],
          include: ['test/crash/**/*.test.ts'],
          ...shared,
          sequence: { groupOrder: 1 },
          maxWorkers: 2,
          testTimeout: 30 * 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
