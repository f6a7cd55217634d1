import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/host/machine/clock.ts';
import { isAlive } from '../../../src/host/processes/process.ts';
import { startPrivateHost } from '../../../src/runtime/embedded/client/start-private-host.ts';
import { machinePorts } from '../../../src/runtime/machine-ports.ts';
import { privateRunHost } from '../../../src/runtime/private-run-host.ts';
import { canActAsOrdinaryUser } from '../../support/command/ordinary-user.ts';
import { killIfThere } from '../../support/host/kill.ts';
import { describeOwnNetwork, eventually, ip } from '../../support/host/own-network.ts';
import {
  markedPids,
  type PrivateHostUser,
  privateHostUser,
  USERS,
  type User,
} from '../../support/host/private-host.ts';

/** The machine may be busy. */
const PATIENCE_MS = 20_000;
const MACHINE = machinePorts({}, '/nowhere/wf.db');

let marks = 0;

function newMark(): string {
  marks += 1;
  return `life-${process.pid}-${marks}@${marks}`;
}

/** Kills the process and, after a failed test, the private host. */
function forTest(user: User, mark: string): PrivateHostUser {
  const wf = privateHostUser(user);
  onTestFinished(async () => {
    await wf.kill();
    for (const pid of markedPids(mark)) killIfThere(pid);
  });
  return wf;
}

/** Starts a private host with a container, and moves a veth pair into each namespace: its outer end exists as long as the namespace. */
async function startWithContainer(wf: PrivateHostUser, mark: string) {
  const host = await wf.start(mark);
  const network = await wf.createNetwork('devops');
  const container = await wf.run('AppDev', network, 'http-echo', ['-text', 'x']);
  const tracers = [host.process.pid, container.pid].map((pid) => {
    const link = `tr${pid}`;
    ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'tracer', 'netns', String(pid));
    return link;
  });
  return { host, container, tracers };
}

async function expectNothingLeft(mark: string, tracers: readonly string[]): Promise<void> {
  await eventually(() => markedPids(mark).length === 0, PATIENCE_MS);
  await eventually(() => !tracers.some((link) => ip('-brief', 'link').includes(`${link}@`)), PATIENCE_MS);
}

describeOwnNetwork('a private host', () => {
  it('is started anew a limited number of times if it is killed at its start', async () => {
    const mark = newMark();
    let kills = 0;
    const killed = async () => {
      kills += 1;
      const host = await startPrivateHost(mark, systemClock);
      process.kill(host.process.pid, 'SIGKILL');
      await eventually(() => !isAlive(host.process), PATIENCE_MS);
      return host;
    };
    const host = await privateRunHost(
      undefined,
      () => (kills < 2 ? killed() : startPrivateHost(mark, systemClock)),
      MACHINE,
    );
    expect(await host.ports.docker.containers()).toEqual([]);
    host.close();
    await expectNothingLeft(mark, []);
    kills = 0;
    await expect(privateRunHost(undefined, killed, MACHINE)).rejects.toMatchObject({
      code: 'E_NAMESPACE_GONE',
    });
    expect(kills).toBe(3);
  });

  describe.each(USERS)('as %s', (user) => {
    describe.skipIf(user !== 'root' && !canActAsOrdinaryUser())('in a readable checkout', () => {
      it.each(['kill', 'close'] as const)('ends with the wf that started it (%s) until it is kept', async (way) => {
        const mark = newMark();
        const wf = forTest(user, mark);
        const { tracers } = await startWithContainer(wf, mark);
        expect(markedPids(mark).length).toBeGreaterThan(2);
        expect(ip('-brief', 'link'), 'the control').toContain(`${tracers[1]}@`);
        await wf[way]();
        await expectNothingLeft(mark, tracers);
      });

      it('ends if wf is killed while it starts', async () => {
        const mark = newMark();
        const wf = forTest(user, mark);
        void wf.start(mark).catch(() => undefined);
        await eventually(() => markedPids(mark).length > 0, PATIENCE_MS);
        await wf.kill();
        await eventually(() => markedPids(mark).length === 0, PATIENCE_MS);
      });

      it('fails to start if its first process is killed', async () => {
        const mark = newMark();
        const wf = forTest(user, mark);
        const started = wf.start(mark).catch((thrown: unknown) => thrown);
        // The kill comes at once: the start takes some 50 ms.
        for (let meant: number | undefined; meant === undefined; await new Promise(setImmediate)) {
          meant = childOf(childOf(wf.pid));
          if (meant !== undefined) process.kill(meant, 'SIGKILL');
        }
        expect(await started).toMatchObject({
          code: 'E_NAMESPACE_GONE',
          message: expect.stringContaining('killed while it started'),
        });
        await eventually(() => markedPids(mark).length === 0, PATIENCE_MS);
      });

      it('survives its wf once it is kept, and another wf finds it unchanged', async () => {
        const mark = newMark();
        const first = forTest(user, mark);
        const { host, container } = await startWithContainer(first, mark);
        await first.keep();
        await first.kill();
        const second = forTest(user, mark);
        expect(await second.find(mark, { ...host.process, startTime: '1' })).toBeNull();
        expect(await second.find(mark, host.process)).toEqual(host);
        expect(await second.container('AppDev')).toEqual(container);
        const request = { kind: 'http', url: 'http://appdev:5678/', expect: 'x', patient: true, budgetMs: 2_000 };
        expect(await second.ask(container.id, request)).toMatchObject({ outcome: { body: 'x\n' } });
        await second.end();
        expect(markedPids(mark)).toEqual([]);
      });

      it('leaves nothing if its first process is killed, and is reported as gone', async () => {
        const mark = newMark();
        const wf = forTest(user, mark);
        const { host, tracers, container } = await startWithContainer(wf, mark);
        await wf.keep();
        // A command under way ends with the host.
        void wf.docker('exec', container.id, ['sleep', '60'], 60_000).catch(() => undefined);
        process.kill(host.process.pid, 'SIGKILL');
        await expectNothingLeft(mark, tracers);
        await expect(wf.docker('networks')).rejects.toMatchObject({
          code: 'E_NAMESPACE_GONE',
          message: `the private host of run ${mark.split('@')[0]} is gone, and everything in it`,
        });
        expect(await wf.find(mark, host.process)).toBeNull();
      });

      it('is found and ended only by its exact identity', async () => {
        const [one, two] = [newMark(), newMark()];
        const first = forTest(user, one);
        const second = forTest(user, two);
        const hosts = [await first.start(one), await second.start(two)];
        const ours = (await first.found()).filter(({ mark }) => [one, two].includes(mark));
        expect(ours).toEqual(expect.arrayContaining(hosts.map(({ mark, process }) => ({ mark, process }))));
        expect(ours).toHaveLength(2);
        const [host] = hosts;
        if (host === undefined) throw new Error('unreachable');
        await first.endProcess({ ...host.process, startTime: '1' });
        await first.endProcess({ ...host.process, bootId: 'another' });
        expect(markedPids(one)).not.toEqual([]);
        await second.endProcess(host.process);
        expect(markedPids(one)).toEqual([]);
        expect(markedPids(two)).not.toEqual([]);
        await second.endProcess(host.process);
        await second.end();
      });

      it('can be entered only in its own containers', async () => {
        const mark = newMark();
        const wf = forTest(user, mark);
        const { container } = await startWithContainer(wf, mark);
        for (const pid of [null, container.pid]) {
          const made = await wf.enter(['ip', 'link', 'add', 'entered', 'type', 'veth', 'peer', 'name', 'other'], pid);
          expect(made, made.stderr).toMatchObject({ status: 0 });
        }
        await expect(wf.enter(['true'], process.pid), 'no process of it').rejects.toMatchObject({
          code: 'E_NAMESPACE_GONE',
        });
        await wf.end();
        await expect(wf.enter(['true'])).rejects.toMatchObject({ code: 'E_NAMESPACE_GONE' });
      });

      it('gives a name to exactly one of eight concurrent requests', async () => {
        const mark = newMark();
        const wf = forTest(user, mark);
        await wf.start(mark);
        const tries = await Promise.allSettled(Array.from({ length: 8 }, () => wf.createNetwork('devops')));
        expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        await wf.end();
      });

      it('starts 20 containers, each of which answers on its network', async () => {
        const mark = newMark();
        const wf = forTest(user, mark);
        await wf.start(mark);
        const network = await wf.createNetwork('many');
        const containers = [];
        for (let number = 1; number <= 20; number += 1) {
          containers.push(await wf.run(`c${number}`, network, 'http-echo', ['-text', `I am ${number}`]));
        }
        expect((await wf.network('many')).members).toHaveLength(20);
        const last = containers.at(-1);
        for (const [index, { name }] of containers.entries()) {
          const request = { kind: 'http', url: `http://${name}:5678/`, expect: `I am ${index + 1}` };
          const report = await wf.ask(last?.id ?? '', { ...request, patient: true, budgetMs: 5_000 });
          expect(report).toMatchObject({ attempts: 1, outcome: { status: 200 } });
        }
        await wf.end();
      });
    });
  });
});

/** The first child of a process, as the kernel lists them; undefined if it has none. */
function childOf(pid: number | undefined): number | undefined {
  try {
    const [first = ''] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
    return first === '' ? undefined : Number(first);
  } catch {
    return undefined; // it has ended meanwhile
  }
}
