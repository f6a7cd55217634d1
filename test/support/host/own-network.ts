import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { describe } from 'vitest';
import { namespaceOfPid } from '../../../src/host/namespaces/namespace.ts';
import type { ContainerHandle } from '../../../src/steps/container-handle.ts';

const asked = process.env['WF_TEST_NAMESPACE'] === '1' || process.env['WF_TEST_DOCKER'] === '1';

/**
 * A group of tests that makes links in its network namespace. Skipped with a message unless WF_TEST_NAMESPACE=1 or
 * WF_TEST_DOCKER=1 declares that the namespace belongs to the tests; refused if it has a default route.
 */
export function describeOwnNetwork(name: string, tests: () => void): void {
  if (asked && ip('route', 'show', 'default') !== '') {
    throw new Error('WF_TEST_NAMESPACE or WF_TEST_DOCKER is set, but this network namespace has a default route');
  }
  if (!asked) {
    process.stderr.write(`LEFT OUT: "${name}" needs root in a network namespace of its own, and WF_TEST_NAMESPACE=1\n`);
  }
  describe.skipIf(!asked)(name, tests);
}

/** Runs `ip` in the namespace of the tests, and returns its output. */
export function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Runs many `ip` commands in one process, also those after one that fails. */
export function ipBatch(commands: readonly string[], ...options: string[]): void {
  spawnSync('ip', [...options, '-force', '-batch', '-'], {
    input: commands.join('\n'),
    stdio: ['pipe', 'ignore', 'ignore'],
  });
}

/** Runs `bridge` in the namespace of the tests, and returns its output. */
export function bridge(...args: string[]): string {
  return execFileSync('bridge', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** A process in its own network namespace, which represents a container. */
export interface TestContainer {
  readonly handle: ContainerHandle;
  ip(...args: string[]): string;
  /** Starts a program in its namespace, which `remove` ends. */
  start(program: string, ...args: string[]): void;
  remove(): Promise<void>;
}

export async function testContainer(name: string): Promise<TestContainer> {
  const holder = spawn('unshare', ['--net', 'sleep', '600'], { stdio: 'ignore' });
  const pid = holder.pid;
  if (pid === undefined) throw new Error('unshare could not be started');
  const own = readlinkSync('/proc/self/ns/net');
  while (readlinkSync(`/proc/${pid}/ns/net`) === own || !readFileSync(`/proc/${pid}/comm`, 'utf8').includes('sleep')) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const path = `/proc/${pid}/ns/net`;
  const handle = { id: name, name, startedAt: '', pid, namespace: namespaceOfPid(pid) };
  const inside = (...args: string[]) =>
    execFileSync('nsenter', [`--net=${path}`, 'ip', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  inside('link', 'set', 'lo', 'up');
  // Without duplicate address detection, which ends a second later: addresses of new links are complete at once.
  spawnSync('nsenter', [`--net=${path}`, 'tee', '/proc/sys/net/ipv6/conf/default/accept_dad'], { input: '0' });
  const started = [holder];
  return {
    handle,
    ip: inside,
    start: (program, ...args) => {
      started.push(spawn('nsenter', [`--net=${path}`, program, ...args], { stdio: 'ignore' }));
    },
    remove: async () => {
      await Promise.all(
        started.map(
          (child) =>
            new Promise<void>((resolve) => {
              if (child.exitCode !== null || child.signalCode !== null) return resolve();
              child.once('exit', () => resolve());
              child.kill('SIGKILL');
            }),
        ),
      );
    },
  };
}

/** The state of a namespace according to `ip`, without volatile fields. */
export function networkState(run: (...args: string[]) => string = ip): unknown {
  const volatile = new Set(['stats64', 'linkinfo', 'operstate', 'promiscuity', 'allmulti', 'qdisc', 'tso_max_size']);
  // Also without duplicate address detection, the kernel takes a new address for tentative for a moment.
  const parse = (text: string): unknown[] =>
    JSON.parse(text || '[]', (key, value: unknown) => (key === 'tentative' ? undefined : value));
  const links = parse(run('-json', '-details', 'address', 'show')).map((link) =>
    Object.fromEntries(Object.entries(Object(link)).filter(([key]) => !volatile.has(key))),
  );
  return {
    links,
    routes: parse(run('-json', '-details', '-4', 'route', 'show', 'table', 'all')),
    routes6: parse(run('-json', '-details', '-6', 'route', 'show', 'table', 'all')),
  };
}

/** Waits until `condition` returns true. */
export async function eventually(condition: () => boolean, timeoutMs = 20_000): Promise<void> {
  const until = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > until) throw new Error('it did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Deletes the links, and waits until none is left: those of an ended namespace disappear a little later. */
export async function removeLinks(...names: string[]): Promise<void> {
  await eventually(() => {
    const present = ip('-brief', 'link')
      .split('\n')
      .map((line) => line.split(/[@\s]/)[0] ?? '');
    const left = names.filter((name) => present.includes(name));
    for (const name of left) spawnSync('ip', ['link', 'delete', name]);
    return left.length === 0;
  });
}
