import { expect, test, vi } from 'vitest';
import { describeDocker, docker, dockerInspect } from '../../support/docker-tests.ts';
import { hostState, linksOf, tool } from '../../support/host-state.ts';
import { PROBE_IMAGE } from '../../support/images.ts';
import { expectAllUndone, type LabEnd, pausedAfter } from '../../support/paused-lab.ts';

// Each test runs a whole lab and two rollbacks.
vi.setConfig({ testTimeout: 180_000 });

describeDocker('a foreign object that a removal would cut off', () => {
  /** Makes a foreign object after the splice, expects resume and rollback to get stuck, removes it, and rolls back. */
  async function expectLeft(
    things: { make(): Promise<void>; check(): Promise<void>; remove(): Promise<void> },
    stuck: { readonly step: string; readonly says: string },
  ): Promise<void> {
    const before = await hostState();
    const lab = await pausedAfter('connectivityTest');
    const expectStuck = async ({ exitCode, record }: LabEnd) => {
      expect({ exitCode, status: record.status }).toEqual({ exitCode: 5, status: 'needs-attention' });
      expect(record.changes.find(({ step }) => step === stuck.step)?.status).toBe('stuck');
      expect(record.verification?.residues.map(({ reason }) => reason)).toContainEqual(
        expect.stringContaining(stuck.says),
      );
      await things.check();
    };
    try {
      await things.make();
      await expectStuck(await lab.resume());
      await expectStuck(await lab.rollBack());
    } finally {
      await things.remove();
    }
    const end = await lab.rollBack();
    expect({ exitCode: end.exitCode, status: end.record.status }).toEqual({ exitCode: 0, status: 'rolled-back' });
    expectAllUndone(end.record);
    expect(await hostState()).toEqual(before);
  }

  test.each([
    ['created and never started', ['create', '--network', 'devops']],
    ['stopped', ['run', '--detach', '--network', 'devops']],
  ])('can still be started if it is a container on devops that was %s', (_what, how) =>
    expectLeft(
      {
        make: async () => {
          await docker(...how, '--name', 'theirs', PROBE_IMAGE, 'sleep', '600');
          await docker('stop', '--time', '0', 'theirs');
        },
        check: async () => {
          await docker('start', 'theirs');
          expect(await dockerInspect('theirs', '{{.State.Running}}')).toBe('true');
          await docker('stop', '--time', '0', 'theirs');
        },
        remove: async () => void (await docker('rm', '--force', 'theirs')),
      },
      { step: 'createDevNetwork', says: 'container theirs' },
    ),
  );

  test('stays attached if it is a port of the bridge of devops', async () => {
    let bridge = '';
    await expectLeft(
      {
        make: async () => {
          bridge = `br-${(await dockerInspect('devops', '{{.Id}}')).slice(0, 12)}`;
          await tool('ip', 'link', 'add', 'theirs', 'type', 'veth', 'peer', 'name', 'theirs-peer');
          await tool('ip', 'link', 'set', 'theirs', 'master', bridge);
        },
        check: async () => expect((await linksOf()).get('theirs')?.master).toBe(bridge),
        remove: async () => void (await tool('ip', 'link', 'delete', 'theirs')),
      },
      { step: 'createDevNetwork', says: 'link theirs' },
    );
  });

  test('stays in place if it is a macvlan link on the bridge of devops', () =>
    expectLeft(
      {
        make: async () => {
          const bridge = `br-${(await dockerInspect('devops', '{{.Id}}')).slice(0, 12)}`;
          await tool('ip', 'link', 'add', 'link', bridge, 'name', 'theirs', 'type', 'macvlan');
        },
        check: async () => expect([...(await linksOf()).keys()]).toContain('theirs'),
        remove: async () => void (await tool('ip', 'link', 'delete', 'theirs')),
      },
      { step: 'createDevNetwork', says: 'link theirs' },
    ));

  test('keeps its network if it is a container in the network namespace of AppDev', () =>
    expectLeft(
      {
        make: async () =>
          void (await docker(
            ...['run', '--detach', '--name', 'theirs', '--network', 'container:AppDev', PROBE_IMAGE, 'sleep', '600'],
          )),
        check: async () => expect(await docker('exec', 'theirs', 'ip', 'address', 'show', 'eth0')).toContain('inet '),
        remove: async () => void (await docker('rm', '--force', 'theirs')),
      },
      { step: 'createAppDev', says: 'container theirs' },
    ));
});
