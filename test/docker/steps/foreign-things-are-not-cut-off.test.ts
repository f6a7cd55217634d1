import { expect, test } from 'vitest';
import { describeDocker, docker, dockerInspect } from '../../support/engines/docker-tests.ts';
import { PROBE_IMAGE } from '../../support/engines/images.ts';
import { hostState, linksOf, tool } from '../../support/host/host-state.ts';
import { inTurn } from '../../support/rotation.ts';
import { expectAllUndone, type LabEnd, type PausedLab, pausedAfter } from '../../support/workflows/paused-lab.ts';

/** A foreign object that a removal would cut off. */
interface Foreign {
  readonly what: string;
  make(): Promise<unknown>;
  /** Expects that it still works. */
  check(): Promise<void>;
  remove(): Promise<unknown>;
  /** The step whose change has to stay because of it, and a part of the reason. */
  readonly stuck: { readonly step: string; readonly message: string };
}

const bridgeOfDevops = async () => `br-${(await dockerInspect('devops', '{{.Id}}')).slice(0, 12)}`;

/** A container on devops that does not run. */
const container = (what: string, name: string, ...how: readonly string[]): Foreign => ({
  what,
  make: async () => {
    await docker(...how, '--network', 'devops', '--name', name, PROBE_IMAGE, 'sleep', '600');
    await docker('stop', '--time', '0', name);
  },
  check: async () => {
    await docker('start', name);
    expect(await dockerInspect(name, '{{.State.Running}}')).toBe('true');
    await docker('stop', '--time', '0', name);
  },
  remove: () => docker('rm', '--force', name),
  stuck: { step: 'createDevNetwork', message: `container ${name}` },
});

/** The container in AppDev comes first: it keeps AppDev, which keeps devops. */
const FOREIGN: readonly Foreign[] = [
  {
    what: 'a container in the network namespace of AppDev keeps its network',
    make: () =>
      docker('run', '--detach', '--name', 'inside', '--network', 'container:AppDev', PROBE_IMAGE, 'sleep', '600'),
    check: async () => expect(await docker('exec', 'inside', 'ip', 'address', 'show', 'eth0')).toContain('inet '),
    remove: () => docker('rm', '--force', 'inside'),
    stuck: { step: 'createAppDev', message: 'container inside' },
  },
  container('a container on devops that was never started can still be started', 'created', 'create'),
  container('a container on devops that was stopped can still be started', 'stopped', 'run', '--detach'),
  {
    what: 'a port of the bridge of devops stays attached',
    make: async () => {
      await tool('ip', 'link', 'add', 'port', 'type', 'veth', 'peer', 'name', 'port-peer');
      await tool('ip', 'link', 'set', 'port', 'master', await bridgeOfDevops());
    },
    check: async () => expect((await linksOf()).get('port')?.master).toBe(await bridgeOfDevops()),
    remove: () => tool('ip', 'link', 'delete', 'port'),
    stuck: { step: 'createDevNetwork', message: 'link port' },
  },
  {
    what: 'a macvlan link on the bridge of devops stays in place',
    make: async () => tool('ip', 'link', 'add', 'link', await bridgeOfDevops(), 'name', 'macvlan', 'type', 'macvlan'),
    check: async () => expect([...(await linksOf()).keys()]).toContain('macvlan'),
    remove: () => tool('ip', 'link', 'delete', 'macvlan'),
    stuck: { step: 'createDevNetwork', message: 'link macvlan' },
  },
];

/** Expects that these changes are stuck, each for its own reason, and that all these objects still work. */
async function expectStuck(
  { exitCode, record }: LabEnd,
  reasons: Readonly<Record<string, RegExp>>,
  foreign: readonly Foreign[],
): Promise<void> {
  expect({ exitCode, status: record.status }).toEqual({ exitCode: 5, status: 'needs-attention' });
  for (const [step, reason] of Object.entries(reasons)) {
    expect(record.changes.find((change) => change.step === step)?.status).toBe('stuck');
    expect(record.verification?.residues.map(({ reason }) => reason)).toContainEqual(expect.stringMatching(reason));
  }
  for (const { check } of foreign) await check();
}

// All tests share one lab and run in order.
describeDocker('foreign objects that a removal would cut off', () => {
  let before: unknown;
  let lab: PausedLab;

  test('survive a resume of the lab, which gets stuck', { timeout: 120_000 }, async () => {
    before = await hostState();
    lab = await pausedAfter('connectivityTest');
    for (const { make } of FOREIGN) await make();
    try {
      const ofDevops = /container (?:created|stopped)|link (?:port|macvlan)/;
      await expectStuck(await lab.resume(), { createAppDev: /container inside/, createDevNetwork: ofDevops }, FOREIGN);
    } finally {
      for (const { remove } of FOREIGN) await remove();
    }
  });

  test.for(inTurn(FOREIGN, 2))('survive a rollback, each by itself: $what', async (foreign) => {
    await foreign.make();
    try {
      const { step, message } = foreign.stuck;
      await expectStuck(await lab.rollBack(), { [step]: new RegExp(message) }, [foreign]);
    } finally {
      await foreign.remove();
    }
  });

  test('do not prevent a rollback once they are gone', async () => {
    const end = await lab.rollBack();
    expect({ exitCode: end.exitCode, status: end.record.status }).toEqual({ exitCode: 0, status: 'rolled-back' });
    expectAllUndone(end.record);
    expect(await hostState()).toEqual(before);
  });
});
