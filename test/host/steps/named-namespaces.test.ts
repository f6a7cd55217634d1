import { execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseRunId } from '../../../src/engine/model/ids.ts';
import type { Json } from '../../../src/engine/model/json.ts';
import type { RunHost } from '../../../src/engine/ports/runtime.ts';
import type { StepActor } from '../../../src/engine/workflow/define-step.ts';
import type { HostPorts } from '../../../src/engine/workflow/step.ts';
import { findNamedNamespace } from '../../../src/host/namespaces/named-namespace.ts';
import { machinePorts } from '../../../src/runtime/machine-ports.ts';
import { createRuntimes } from '../../../src/runtime/runtimes.ts';
import { execCommand, execRead } from '../../../src/steps/exec/index.ts';
import {
  addAddress,
  addForwardingEntry,
  addRule,
  createLink,
  createNamespace,
  createVethPair,
  enslaveLink,
  moveLink,
  namespaceNameFree,
  observeBridge,
  observeForwarding,
  observeLinks,
  setLinkUp,
} from '../../../src/steps/net/index.ts';
import { dnsProbe, insideNamespaceOf, pingProbe } from '../../../src/steps/probe/index.ts';
import { canActAsOrdinaryUser, ORDINARY_USER, ownedByOrdinaryUser } from '../../support/command/ordinary-user.ts';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { openProject } from '../../support/command/run-wf.ts';
import { describeOwnNetwork, eventually, ip, networkState } from '../../support/host/own-network.ts';
import { carryOut, changeOf, readWith } from '../../support/in-process/carry-out.ts';
import { testContext } from '../../support/in-process/step-context.ts';
import { stopEverywhere } from '../../support/in-process/stopped.ts';
import { chosen } from '../../support/rotation.ts';

const RUN = 'nsrun';
const NAME = 't_ns';
const namespace = changeOf(createNamespace);
const input = createNamespace.runner.parseInput({ name: NAME });

describeOwnNetwork('net.namespace on the machine', () => {
  const context = () => testContext({ run: RUN, step: 'makeNamespace' });
  // Other namespaces stay, such as that of the test engine.
  const names = () =>
    ip('netns', 'list')
      .split('\n')
      .filter((line) => line.split(' ')[0] === NAME)
      .join();
  const remove = () => {
    if (existsSync(`/run/netns/${NAME}`)) ip('netns', 'delete', NAME);
  };
  afterEach(remove);

  it('is created, resumed and undone after a stop at any touch', async () => {
    const stops = await stopEverywhere(
      {
        actor: createNamespace,
        prepare: async () => ({ name: NAME }),
        remove: async () => remove(),
        state: async () => [networkState(), names()],
        expectMade: async () => expect(ip('-n', NAME, 'link', 'show', 'lo')).toMatch(/LOOPBACK,UP[\s\S]*wf\.run=nsrun/),
        context,
      },
      (after, before, what) => expect(after, what).toEqual(before),
    );
    expect([stops.resumed, stops.undoneAgain]).toEqual([2, 1]);
  });

  it('completes what a killed `ip netns add` has left: a file that leads to no namespace', async () => {
    const intent = await intended();
    closeSync(openSync(`/run/netns/${NAME}`, 'wx', 0));
    expect(await namespace.inspect(intent, context())).toEqual({ found: 'in place' });
    expect(await namespace.observe(input, context(), undefined)).toMatchObject({ found: 'foreign' });
    const { found, record } = await carryOut(createNamespace, { name: NAME }, context(), intent);
    expect(found).toBe('partial');
    await namespace.undo(record, context());
    closeSync(openSync(`/run/netns/${NAME}`, 'wx', 0));
    await namespace.undo(intent, context());
    expect(names()).toBe('');
  });

  it.each<[string, (() => void)[]]>([
    ['without a mark', []],
    ['of another run', [() => ip('-n', NAME, 'link', 'set', 'lo', 'alias', 'wf.run=otherrun')]],
    ['in use', [() => ip('-n', NAME, 'link', 'add', 'x', 'type', 'bridge')]],
  ])('refuses a foreign namespace of its name, and leaves it: %s', async (title, prepare) => {
    const intent = await intended();
    ip('netns', 'add', NAME);
    for (const one of prepare) one();
    const before = ip('-n', NAME, '-details', 'link');
    await expect(carryOut(createNamespace, { name: NAME }, context())).rejects.toMatchObject({ code: 'E_NAME_IN_USE' });
    expect(await namespaceNameFree(NAME).check(context().host)).toMatchObject({ met: false });
    if (title !== 'without a mark') {
      // With an intent, only a namespace that nobody has used counts as the step's own.
      expect(await namespace.inspect(intent, context())).toMatchObject({ found: 'gone' });
      await namespace.undo(intent, context());
    }
    expect(ip('-n', NAME, '-details', 'link')).toBe(before);
  });

  it('is gone once it was recreated, even with its mark and its inode', async () => {
    const { record, output } = await carryOut(createNamespace, { name: NAME }, context());
    remove();
    ip('netns', 'add', NAME);
    ip('-n', NAME, 'link', 'set', 'lo', 'alias', `wf.run=${RUN}`);
    const inode = Number(execFileSync('stat', ['-c', '%i', `/run/netns/${NAME}`], { encoding: 'utf8' }));
    const sameInode = { ...output, namespace: { ...output.namespace, inode } };
    const recorded = { ...Object(record), namespace: sameInode.namespace };
    expect(await namespace.inspect(recorded, context())).toMatchObject({ found: 'gone' });
    await namespace.undo(recorded, context());
    expect(names()).toContain(NAME);
    await expect(readWith(observeLinks, { in: sameInode }, context())).rejects.toMatchObject({
      code: 'E_NAMESPACE_GONE',
      message: `the network namespace ${NAME} was removed: everything created in it is gone`,
    });
  });

  it('is not removed while somebody else uses it, and names the user', async () => {
    const { record } = await carryOut(createNamespace, { name: NAME }, context());
    ip('-n', NAME, 'link', 'add', 'theirs', 'type', 'bridge');
    const refused = (what: string) => ({ code: 'E_NAME_IN_USE', message: expect.stringContaining(what) });
    await expect(namespace.undo(record, context())).rejects.toMatchObject(refused('the link theirs'));
    ip('-n', NAME, 'link', 'delete', 'theirs');
    const child = spawn('nsenter', [`--net=/run/netns/${NAME}`, 'sleep', '60'], { stdio: 'ignore' });
    try {
      await eventually(() => ip('netns', 'pids', NAME) !== '');
      await expect(namespace.undo(record, context())).rejects.toMatchObject(refused('(sleep 60)'));
    } finally {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill();
      await ended;
    }
    await namespace.undo(record, context());
    expect(names()).toBe('');
  });

  it('is not taken for absent if its path cannot be read', () => {
    const unread = expect.objectContaining({ code: 'E_HOST_STATE_UNKNOWN' });
    expect(() => findNamedNamespace('/etc/passwd/x')).toThrow(unread);
    expect(findNamedNamespace('/run/netns/wf-no-such')).toBeNull();
  });

  it('leaves nothing behind if somebody else takes the name at that moment', async () => {
    const intent = await intended();
    ip('netns', 'add', NAME);
    await expect(namespace.apply(input, intent, 'absent', context())).rejects.toMatchObject({ untouched: true });
    expect(names()).toContain(NAME);
  });

  async function intended(): Promise<Json> {
    const seen = await namespace.observe(input, context(), undefined);
    if (seen.found !== 'absent') throw new Error(seen.found);
    return seen.record;
  }
});

describeOwnNetwork('a named namespace as a place', () => {
  describe.each(chosen(['docker', 'embedded'] as const))('of the runtime %s', (runtime) => {
    let host: HostPorts;
    let opened: RunHost | undefined;
    const context = () => testContext({ run: RUN, step: 'change', host });

    beforeAll(async () => {
      host = machinePorts(process.env, '/nonexistent/wf.db');
      if (runtime === 'docker') return;
      const id = parseRunId(`namespaces-${process.pid}`);
      if (id === undefined) throw new Error('not a run id');
      opened = await createRuntimes(host).embedded.open({ id, createdAt: Date.now() }, null);
      host = opened.ports;
    });
    afterAll(async () => {
      await opened?.end();
      opened?.close();
    });

    it('takes links, addresses, rules, commands and probes, which are undone in it', async () => {
      const undo: (() => Promise<void>)[] = [];
      const make = async <Input, Output>(actor: StepActor<Input, Output>, asked: Input): Promise<Output> => {
        const { output, record } = await carryOut(actor, asked, context());
        const { inspect, undo: revert } = changeOf(actor);
        undo.unshift(async () => {
          expect(await inspect(record, context()), actor.runner.kind).toEqual({ found: 'in place' });
          await revert(record, context());
          expect(await inspect(record, context()), actor.runner.kind).toMatchObject({ found: 'gone' });
        });
        return output;
      };
      const before = await listed();
      const one = await make(createNamespace, { name: 't_one' });
      const two = await make(createNamespace, { name: 't_two' });
      await make(createVethPair, { name: 't_a', peer: 't_b', mtu: null });
      for (const [link, place, address] of [
        ['t_a', one, '10.6.0.1/24'],
        ['t_b', two, '10.6.0.2/24'],
      ] as const) {
        expect(await make(moveLink, { link, to: place, name: 'eth0' })).toMatchObject({ to: place.name });
        await make(setLinkUp, { link: 'eth0', in: place });
        await make(addAddress, { link: 'eth0', address, in: place });
      }
      await make(createLink, { name: 'br0', kind: 'bridge', in: one });
      await make(createVethPair, { name: 'c0', peer: 'c1', mtu: null, in: one });
      await make(enslaveLink, { link: 'c0', bridge: 'br0', in: one });
      await make(addForwardingEntry, { link: 'c0', mac: '02:00:00:00:00:77', in: one });
      const bridge = await readWith(observeBridge, { bridge: 'br0', containers: [one], in: one }, context());
      expect(bridge.ports).toMatchObject([{ link: 'c0' }]);
      const table = await readWith(observeForwarding, { bridge: 'br0', in: one }, context());
      expect(table.entries).toContainEqual({ mac: '02:00:00:00:00:77', port: 'c0', state: 'static', dst: null });
      await make(addRule, { priority: 700, action: 'unreachable', to: '10.5.0.0/16', in: one });
      await make(execCommand, {
        argv: ['ip', 'link', 'add', 'br1', 'type', 'bridge'],
        check: ['ip', 'link', 'show', 'dev', 'br1'],
        undo: ['ip', 'link', 'delete', 'dev', 'br1'],
        in: one,
      });

      const read = (...argv: [string, ...string[]]) => readWith(execRead, { argv, in: one }, context());
      expect((await read('ip', 'rule', 'show', 'priority', '700')).stdout).toContain(
        'to 10.5.0.0/16 unreachable proto 119',
      );
      const { links } = await readWith(observeLinks, { in: one }, context());
      expect(links.map(({ name }) => name)).toEqual(expect.arrayContaining(['lo', 'eth0', 'br0', 'br1']));
      const ping = { from: insideNamespaceOf(one), to: '10.6.0.2', count: 1, deadlineMs: 10_000 };
      expect(await readWith(pingProbe, ping, context())).toMatchObject({ received: 1 });
      // The probe agent, which no process in a named namespace has started, sends this probe.
      const dns = {
        from: insideNamespaceOf(one),
        server: '10.6.0.2',
        name: 'nobody.test',
        deadlineMs: 300,
        must: 'fail' as const,
      };
      await readWith(dnsProbe, dns, context());

      expect(await listed(), 'on the host itself').not.toEqual(before);
      for (const one of undo) await one();
      expect(await listed()).toEqual(before);
    });

    /** The output of `ip` on the host. */
    async function listed(): Promise<readonly string[]> {
      const commands = [
        ['ip', '-brief', 'link'],
        ['ip', 'rule'],
        ['ip', 'netns'],
      ] as const;
      const lists = commands.map((argv) => host.command.run(argv, { timeoutMs: 5_000 }));
      return (await Promise.all(lists)).map(({ stdout }) => stdout);
    }
  });
});

const WORKFLOW = `
import { defineWorkflow } from 'wf-engine';
import { addAddress, addForwardingEntry, addRule, createLink, createNamespace, linkKind, namespaceNameFree, setLinkMtu } from 'wf-engine/steps';
import { assign, setup } from 'xstate';
import { z } from 'zod';

const place = ({ context }) => context.place;
const actors = { createNamespace, createLink, setLinkMtu, addAddress, addForwardingEntry, addRule };
const machine = setup({ actors }).createMachine({
  context: { place: null },
  initial: 'place',
  states: {
    place: {
      invoke: {
        id: 'makePlace', src: 'createNamespace', input: { name: 'lab' }, onDone: { target: 'link', actions: assign({ place: ({ event }) => event.output }) },
      },
    },
    link: { invoke: { id: 'makeLink', src: 'createLink', input: (scope) => ({ name: 'vx0', kind: 'vxlan', options: ['id', '7', 'dstport', '4789'], in: place(scope) }), onDone: 'mtu' } },
    mtu: { invoke: { id: 'setMtu', src: 'setLinkMtu', input: (scope) => ({ link: 'vx0', mtu: 1400, in: place(scope) }), onDone: 'address' } },
    address: { invoke: { id: 'addAddress', src: 'addAddress', input: (scope) => ({ link: 'vx0', address: '10.6.0.1/24', in: place(scope) }), onDone: 'fdb' } },
    fdb: { invoke: { id: 'addEntry', src: 'addForwardingEntry', input: (scope) => ({ link: 'vx0', mac: '00:00:00:00:00:00', dst: '10.6.0.2', in: place(scope) }), onDone: 'rule' } },
    rule: { invoke: { id: 'addRule', src: 'addRule', input: (scope) => ({ priority: 700, from: '10.6.0.0/24', action: { table: 77 }, in: place(scope) }), onDone: 'done' } },
    done: { type: 'final' },
  },
});
export default defineWorkflow({
  name: 'place', version: '1', networking: true, description: 'x', input: z.object({}), machine, keepsChanges: true,
  requirements: () => [namespaceNameFree('lab'), linkKind('vxlan', ['id', '7', 'dstport', '4789'])],
});
`;

describeOwnNetwork('a run in a named namespace of a private host', () => {
  it.skipIf(!canActAsOrdinaryUser()).each(chosen(['root', 'an ordinary user'] as const))(
    'that is killed in between is resumed, and undone: %s',
    async (user) => {
      const through = user === 'root' ? [] : ORDINARY_USER;
      const project = openProject({ 'workflows/place.ts': WORKFLOW });
      if (user !== 'root') ownedByOrdinaryUser(project.folder);
      const id = `place-${user.length}`;
      const start = ['start', 'place', '--id', id, '--runtime', 'embedded'];
      const env = { WF_CRASH_AT: 'after touch makePlace apply 1 ip netns add' };
      expect((await project.wf(start, { through, env })).signal).toBe('SIGKILL');
      const resumed = await project.wf(['resume', id, '--json'], { through });
      expect(resumed, resumed.stderr).toMatchObject({ exitCode: 0 });
      expect(runRecordSchema.parse(resumed.json()).changes.map(({ kind, status }) => `${kind} ${status}`)).toEqual(
        ['namespace', 'link', 'mtu', 'address', 'fdb', 'rule'].map((kind) => `net.${kind} kept`),
      );
      const undone = await project.wf(['rollback', id, '--json'], { through });
      expect(undone, undone.stderr).toMatchObject({ exitCode: 0 });
      const { status, changes, verification } = runRecordSchema.parse(undone.json());
      expect(status).toBe('rolled-back');
      expect(verification).toMatchObject({ restored: true, residues: [], unexplained: [] });
      expect(changes.map((change) => change.status)).toEqual(Array(6).fill('reverted'));
    },
  );
});
