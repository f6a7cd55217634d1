import { execFileSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { canActAsOrdinaryUser, ORDINARY_USER } from '../../support/command/ordinary-user.ts';
import { openProject, type RunningWf } from '../../support/command/run-wf.ts';
import { SERVER_BINARY, SERVERS } from '../../support/fleet/restate.ts';
import { chosen } from '../../support/rotation.ts';

const project = openProject();
const PATH = project.environment['PATH'] ?? '';

const demoSchema = z.strictObject({
  hosts: z.array(
    z.strictObject({
      name: z.string(),
      address: z.string(),
      before: z.array(z.string()),
      after: z.array(z.string()),
      asBefore: z.boolean(),
    }),
  ),
  fleets: z.array(z.object({ id: z.string(), status: z.string(), hosts: z.array(z.object({ status: z.string() })) })),
  restored: z.boolean(),
});

const temporary = () => readdirSync(tmpdir()).toSorted();
let before: readonly string[] = [];
beforeEach(() => {
  before = temporary();
});

afterEach(() => {
  expect(temporary()).toEqual(before);
  // The links and the named namespaces of this machine.
  for (const listing of [
    ['-brief', 'link'],
    ['netns', 'list'],
  ]) {
    expect(execFileSync('ip', listing, { encoding: 'utf8' })).not.toMatch(/^(?:fleet0|web[123]|svc[01])\b/m);
  }
});

describe('wf fleet demo', { timeout: 240_000 }, () => {
  const changesHosts = async () => {
    const demo = project.start(['fleet', 'demo', '--keep'], { cwd: SERVERS });
    const [, url = ''] = (await demo.printed(/WF_FLEET=/)).split('=');
    const found = await project.sharedWf(['fleet', 'hosts', '--fleet', url, '--json']);
    expect(found.json()).toMatchObject([{ host: 'web1' }, { host: 'web2' }, { host: 'web3' }]);
    demo.kill('SIGTERM');
    const { stdout, stderr, exitCode } = await demo.end;
    expect([exitCode, stderr]).toEqual([143, '']);
    expect(stdout).toContain('Agents only dial out: web1, web2, web3 drop each connection to them (tried).');
    expect(stdout).toContain(
      '  wf fleet start network-change --id demo1 --where role=web --canary 1 --input link=svc0',
    );
    expect(stdout).toMatch(/^fleet run demo1: network-change on 3 hosts: succeeded/m);
    expect(stdout).toMatch(/^fleet run demo2: network-change on 3 hosts: rolled-back/m);
    expect(stdout).toMatch(/^ +2 {2}web3 {2}failed {2}E_PROBE_FAILED/m);
    expect(stdout).toContain('  web1  as before: eth0 10.77.0.11/24, svc0 192.0.2.10/24\n');
    expect(stdout).toMatch(/The processes, namespaces, links and files of the demo are gone\.\n$/);
    expect(stdout.split('\n').length).toBeLessThanOrEqual(47);
  };

  const changesHostsAsOrdinaryUser = async () => {
    const env = { PATH: `${PATH}:${path.dirname(SERVER_BINARY)}` };
    const end = await project.wf(['fleet', 'demo', '--json'], { cwd: '/', env, through: ORDINARY_USER });
    expect([end.exitCode, end.stderr]).toEqual([0, '']);
    const { hosts, fleets, restored } = demoSchema.parse(end.json());
    expect(restored).toBe(true);
    expect(hosts.map(({ after }) => after)).toEqual(hosts.map(({ before }) => before));
    expect(fleets.map(({ status, hosts }) => [status, ...hosts.map((host) => host.status)])).toEqual([
      ['succeeded', 'succeeded', 'succeeded', 'succeeded'],
      ['rolled-back', 'undone', 'undone', 'failed'],
    ]);
  };

  const CALLED = [
    ['prints what a person would type, and stays up with --keep', changesHosts],
    ['does so as an ordinary user', changesHostsAsOrdinaryUser],
  ] as const;
  test.for(canActAsOrdinaryUser() ? chosen(CALLED) : [CALLED[0]])(
    'changes three hosts, takes a change back, and %s',
    ([, called]) => called(),
  );

  const ENDED = [
    ['SIGINT', 130],
    ['SIGKILL', undefined],
  ] as const;
  test.for(chosen(ENDED))('leaves nothing when it is ended midway by %s', async ([signal, exitCode]) => {
    const demo = project.start(['fleet', 'demo'], { cwd: SERVERS });
    await demo.printed(/^ {2}web3 /);
    const namespace = pidNamespaceOf(demo);
    expect(processesIn(namespace).length).toBeGreaterThanOrEqual(5);
    demo.kill(signal);
    // Its output stays open while one of its processes lives.
    await vi.waitFor(() => expect(processesIn(namespace)).toEqual([]), { timeout: 10_000 });
    expect((await demo.end).exitCode).toBe(exitCode);
  });

  test('names the command that installs what is missing', async () => {
    const { stderr, exitCode } = await project.wf(['fleet', 'demo'], { cwd: '/' });
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(
      /^error E_TOOL_MISSING: the server of Restate is not installed\n {2}next: Install both .*npm install/,
    );
  });
});

/** Returns the PID namespace that the processes of a demo are in. */
function pidNamespaceOf({ pid }: RunningWf): string {
  const children = execFileSync('ps', ['--ppid', String(pid), '-o', 'pid='], { encoding: 'utf8' });
  return readlinkSync(`/proc/${children.trim()}/ns/pid_for_children`);
}

function processesIn(namespace: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/ns/pid`) === namespace;
    } catch {
      return false; // no process, or it has ended
    }
  });
}
