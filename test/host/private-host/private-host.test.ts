import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canActAsOrdinaryUser } from '../../support/command/ordinary-user.ts';
import { describeOwnNetwork, ip, networkState } from '../../support/host/own-network.ts';
import {
  markedPids,
  type PrivateHostUser,
  privateHostUser,
  type Started,
  USERS,
} from '../../support/host/private-host.ts';

const ECHO = 'hashicorp/http-echo';
/** Long enough for a busy machine. */
const ANSWERS_WITHIN_MS = 10_000;
const SILENT_MS = 300;

describeOwnNetwork('a private host', () => {
  describe.each(USERS)('as %s', (user) => {
    describe.skipIf(user !== 'root' && !canActAsOrdinaryUser())('in a readable checkout', () => {
      const mark = `test-${process.pid}-${user.length}@1`;
      let wf: PrivateHostUser;
      let host: Started;
      let devops: string;
      let prod: string;
      let appDev: Awaited<ReturnType<PrivateHostUser['run']>>;
      let appProd: typeof appDev;
      let neighbour: typeof appDev;
      const before = machineState();

      /** `ip` on the host side, or in a container, entered without the code under test. */
      const inside = (pid: number, ...args: string[]) =>
        execFileSync('nsenter', [`--net=/proc/${pid}/ns/net`, 'ip', ...args], { encoding: 'utf8' });
      const reach = (from: { readonly id: string } | null, to: string, budgetMs = ANSWERS_WITHIN_MS) =>
        wf
          .ask(from?.id ?? null, { kind: 'reach', to, count: 2, intervalMs: 10, patient: false, budgetMs })
          .then(({ outcome }) => outcome);
      const get = (from: { readonly id: string } | null, host: string, budgetMs = ANSWERS_WITHIN_MS) =>
        wf
          .ask(from?.id ?? null, {
            kind: 'http',
            url: `http://${host}:5678/`,
            expect: null,
            patient: false,
            budgetMs,
          })
          .then(({ outcome }) => outcome);
      const resolve = (from: { readonly id: string }, name: string) =>
        wf
          .ask(from.id, { kind: 'dns', name, server: '127.0.0.11', patient: false, budgetMs: ANSWERS_WITHIN_MS })
          .then(({ outcome }) => outcome);

      beforeAll(async () => {
        wf = privateHostUser(user);
        host = await wf.start(mark);
        const labels = { 'wf.run': 'r1' };
        devops = await wf.createNetwork('devops', null, labels);
        prod = await wf.createNetwork('prod');
        appDev = await wf.run('AppDev', devops, ECHO, ['-text', 'Mon AppDev'], labels);
        neighbour = await wf.run('Neighbour', devops, 'alpine:3.20', ['sleep', 'infinity']);
        appProd = await wf.run('AppProd', prod, `registry.example/${ECHO}`, ['-text=Production']);
      });
      afterAll(async () => {
        await wf.end();
        await wf.kill();
        expect(markedPids(mark)).toEqual([]);
        expect(machineState()).toEqual(before);
      });

      it('has networks like Docker: a bridge with the gateway, and subnets from the same pools', async () => {
        expect(await wf.network('devops')).toMatchObject({
          id: devops,
          driver: 'bridge',
          subnets: [{ subnet: '172.18.0.0/16', gateway: '172.18.0.1' }],
          labels: { 'wf.run': 'r1' },
        });
        expect(await wf.network('prod')).toMatchObject({
          subnets: [{ subnet: '172.19.0.0/16', gateway: '172.19.0.1' }],
        });
        const bridges = inside(host.process.pid, '-brief', '-4', 'address', 'show', 'type', 'bridge');
        expect(bridges).toMatch(new RegExp(`^br-${devops.slice(0, 12)}\\s+UP\\s+172\\.18\\.0\\.1/16`, 'm'));
        expect(bridges).toMatch(new RegExp(`^br-${prod.slice(0, 12)}\\s+UP\\s+172\\.19\\.0\\.1/16`, 'm'));
        expect(inside(host.process.pid, 'link', 'show', `br-${devops.slice(0, 12)}`)).toContain('alias wf.run=r1');
        expect(ip('link'), "none of it on the machine's own side").not.toMatch(/br-|veth/);
      });

      it('has containers with an eth0 on the bridge and addresses in order, as inspect reports', () => {
        expect([appDev, neighbour, appProd].map(({ endpoints }) => endpoints)).toMatchObject([
          [
            {
              network: 'devops',
              ipv4: '172.18.0.2',
              prefixLength: 16,
              mac: '02:42:ac:12:00:02',
              gateway: '172.18.0.1',
            },
          ],
          [{ ipv4: '172.18.0.3', mac: '02:42:ac:12:00:03' }],
          [{ network: 'prod', networkId: prod, ipv4: '172.19.0.2', gateway: '172.19.0.1' }],
        ]);
        const seen = inside(appDev.pid, 'address', 'show', 'dev', 'eth0');
        expect(seen).toMatch(/eth0@if\d+: <.*UP.*>[\s\S]*02:42:ac:12:00:02[\s\S]*inet 172\.18\.0\.2\/16/);
        expect(inside(appDev.pid, 'route')).toContain('default via 172.18.0.1 dev eth0');
        const enslaved = inside(host.process.pid, 'link', 'show', 'master', `br-${devops.slice(0, 12)}`);
        expect(enslaved).toContain(`veth${appDev.id.slice(0, 7)}@`);
        expect(enslaved).toContain(`veth${neighbour.id.slice(0, 7)}@`);
        expect(enslaved).not.toContain(`veth${appProd.id.slice(0, 7)}@`);
      });

      it('resolves names only in the networks of a container, ignoring case', async () => {
        const answer = { type: 'resolved', addresses: ['172.18.0.2'] };
        for (const name of ['AppDev', 'appdev', 'APPDEV', appDev.id.slice(0, 12)]) {
          expect(await resolve(neighbour, name), name).toEqual(answer);
        }
        expect(await resolve(appProd, 'appprod'), 'the control').toMatchObject({ type: 'resolved' });
        expect(await resolve(neighbour, 'appprod')).toEqual({ type: 'no-such-name' });
        expect(await resolve(appProd, 'appdev')).toEqual({ type: 'no-such-name' });
        expect(await get(neighbour, 'appdev')).toMatchObject({ type: 'response', status: 200, body: 'Mon AppDev\n' });
        // A program in the container resolves the name by the resolver of the system.
        const lookup = ['exec', neighbour.id, ['getent', 'ahostsv4', 'appdev'], 5_000] as const;
        expect(await wf.docker(...lookup)).toMatchObject({
          exitCode: 0,
          output: expect.stringContaining('172.18.0.2'),
        });
      });

      it('drops packets between networks silently, and each network works', async () => {
        const all = { sent: 2, received: 2, rttMs: expect.any(Number) };
        const none = { sent: 2, received: 0, rttMs: null };
        expect(await reach(neighbour, '172.18.0.2'), 'control').toEqual(all);
        expect(await reach(neighbour, 'appdev'), 'control').toEqual(all);
        expect(await reach(null, '172.19.0.2'), 'control').toEqual(all);
        expect(await reach(appProd, '172.19.0.1'), 'control').toEqual(all);
        expect(await reach(appDev, '172.19.0.2', SILENT_MS)).toEqual(none);
        expect(await reach(appProd, '172.18.0.2', SILENT_MS)).toEqual(none);
        expect(await get(appDev, '172.19.0.2', SILENT_MS)).toEqual({ type: 'no-answer', code: 'ETIMEDOUT' });
        expect(await get(null, '172.19.0.2'), 'control').toMatchObject({ body: 'Production\n' });
        // The same holds for ICMP, with a program of the machine.
        const ping = (id: string, to: string) => wf.docker('exec', id, ['ping', '-c', '1', '-W', '0.3', to], 5_000);
        expect(await ping(appDev.id, '172.18.0.3'), 'control').toMatchObject({ exitCode: 0 });
        expect(await ping(appDev.id, '172.19.0.2')).toMatchObject({ exitCode: 1 });
      });

      it('loses its isolation if its rules are removed', async () => {
        const rule = ['pref', '1000', 'iif', `br-${devops.slice(0, 12)}`, 'blackhole'];
        const other = ['pref', '1000', 'iif', `br-${prod.slice(0, 12)}`, 'blackhole'];
        for (const one of [rule, other]) await wf.enter(['ip', 'rule', 'delete', ...one]);
        expect(await reach(appDev, '172.19.0.2')).toMatchObject({ received: 2 });
        for (const one of [rule, other]) await wf.enter(['ip', 'rule', 'add', ...one]);
        expect(await reach(appDev, '172.19.0.2', SILENT_MS)).toMatchObject({ received: 0 });
      });

      it('runs programs of the machine in a container, with the results of Docker', async () => {
        const exec = (...argv: string[]) => wf.docker('exec', appDev.id, argv, 400);
        expect(await exec('hostname')).toEqual({ exitCode: 0, output: `${appDev.id.slice(0, 12)}\n`, timedOut: false });
        expect(await exec('no-such-program')).toEqual({
          exitCode: 127,
          output: expect.stringContaining('exec: "no-such-program": executable file not found'),
          timedOut: false,
        });
        expect(await exec('false')).toMatchObject({ exitCode: 1 });
        expect(await exec('sleep', '30')).toEqual({ exitCode: null, output: '', timedOut: true });
        expect(await wf.docker('logs', appDev.id, 50)).toMatch(/"GET \/ HTTP\/1\.1" 200 11/);
      });

      it('can be entered by a command line, as can its containers', async () => {
        expect((await wf.enter(['ip', '-brief', 'link'])).stdout).toContain(`br-${devops.slice(0, 12)}`);
        const links = await wf.enter(['ip', '-brief', 'link'], appProd.pid);
        expect(links).toMatchObject({ status: 0, stdout: expect.stringContaining('02:42:ac:13:00:02') });
        expect(await wf.enter(['cat', '/etc/resolv.conf'], appProd.pid)).toMatchObject({
          stdout: 'nameserver 127.0.0.11\n',
        });
        const named = await wf.enter(['ip', 'netns', 'add', 'lab']);
        expect(named, named.stderr).toMatchObject({ status: 0 });
        const { namespaces, sysctls, ipv6 } = Object(await wf.settings());
        expect(namespaces).toMatchObject([['namespace lab', { name: 'lab' }]]);
        expect(sysctls).toContainEqual(['sysctl net.ipv4.ip_forward', { value: '1' }]);
        expect(ipv6).toBeTypeOf('boolean');
        await wf.enter(['ip', 'netns', 'delete', 'lab']);
      });

      it('refuses the same requests as Docker, with the same codes', async () => {
        const refused = (act: Promise<unknown>) => expect(act).rejects;
        await refused(wf.createNetwork('devops')).toMatchObject({ code: 'E_NAME_IN_USE' });
        await refused(wf.createNetwork('other', '172.18.4.0/24')).toMatchObject({ code: 'E_SUBNET_IN_USE' });
        await refused(wf.run('AppDev', prod, ECHO, ['-text', 'x'])).toMatchObject({ code: 'E_NAME_IN_USE' });
        await refused(wf.run('Other', prod, 'nginx', [])).toMatchObject({
          code: 'E_IMAGE_UNAVAILABLE',
          message: expect.stringContaining('http-echo, alpine, busybox, debian'),
        });
        await refused(wf.docker('removeNetwork', devops)).toMatchObject({
          code: 'E_DOCKER',
          message: expect.stringContaining('has active endpoints'),
        });
        expect(await wf.docker('image', 'nginx')).toBeNull();
        expect(await wf.docker('image', 'alpine:3.20')).toMatchObject({ tags: ['alpine:latest'] });
        expect(await wf.docker('network', 'missing')).toBeNull();
        expect(await wf.docker('container', 'missing')).toBeNull();
      });

      it('lets a container exit at once, and returns its output', async () => {
        const broken = await wf.run('Broken', prod, ECHO, []);
        expect(broken).toMatchObject({ status: 'exited', exitCode: 127, pid: 0, running: false });
        expect(await wf.docker('logs', broken.id, 1)).toBe('Missing -text option!\n');
        await wf.docker('removeContainer', broken.id);
      });

      it('restarts a killed container with a new process and a new link', async () => {
        const first = await wf.run('Killed', prod, 'busybox', ['sleep', '600']);
        process.kill(first.pid, 'SIGKILL');
        await expect.poll(() => wf.container('Killed')).toMatchObject({ status: 'exited', exitCode: 137 });
        expect((await wf.network('prod')).members.map(({ name }) => name)).toEqual(['AppProd']);
        await wf.docker('startContainer', first.id);
        const second = await wf.container('Killed');
        expect(second).toMatchObject({ status: 'running', id: first.id });
        expect([second?.pid, second?.startedAt]).not.toEqual([first.pid, first.startedAt]);
        expect(await get(second, 'appprod')).toMatchObject({ body: 'Production\n' });
        await wf.docker('removeContainer', first.id);
        await wf.docker('removeContainer', first.id);
        expect(await wf.container('Killed')).toBeNull();
      });

      it('removes links with their container or network', async () => {
        const network = await wf.createNetwork('short', '10.77.0.0/24');
        const container = await wf.run('Short', network, 'alpine', ['sleep', '600']);
        expect(container.endpoints).toMatchObject([{ ipv4: '10.77.0.2', prefixLength: 24 }]);
        const link = `veth${container.id.slice(0, 7)}`;
        expect(inside(host.process.pid, 'link')).toContain(link);
        await wf.docker('removeContainer', container.id);
        expect(inside(host.process.pid, 'link')).not.toContain(link);
        await wf.docker('removeNetwork', network);
        expect(inside(host.process.pid, 'link')).not.toContain(`br-${network.slice(0, 12)}`);
        expect(inside(host.process.pid, 'rule')).not.toContain(network.slice(0, 12));
        expect(await wf.docker('network', network)).toBeNull();
      });

      it('does not change the machine while it runs', () => {
        expect(machineState()).toEqual(before);
      });
    });
  });
});

/** The parts of the machine that a private host could change. Other mounts and files come and go. */
function machineState(): unknown {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return {
    network: networkState(),
    mounts: mounts.filter((line) => / \/(?:run|etc\/\S+|proc|sys) /.test(line) || line.includes(' - tmpfs wf ')),
    files: [readdirSync('/run'), readFileSync('/etc/resolv.conf', 'utf8'), readFileSync('/etc/hosts', 'utf8')],
    name: hostname(),
    forwarding: readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8'),
  };
}
