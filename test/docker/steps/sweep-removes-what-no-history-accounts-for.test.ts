import { readFileSync, rmSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { ORDINARY_USER, ownedByOrdinaryUser } from '../../support/command/ordinary-user.ts';
import { openProject, type Project } from '../../support/command/run-wf.ts';
import {
  describeDocker,
  docker,
  dockerInspect,
  linkNames,
  removeContainers,
  removeNetworks,
  removeVolumes,
} from '../../support/engines/docker-tests.ts';
import { PROBE_IMAGE } from '../../support/engines/images.ts';
import { hostState, tool } from '../../support/host/host-state.ts';
import { chosen } from '../../support/rotation.ts';
import { SPLICED, startLab } from '../../support/workflows/lab.ts';

const sweptSchema = z.array(
  z.object({
    kind: z.enum(['container', 'connection', 'network', 'volume', 'link', 'route']),
    name: z.string(),
    id: z.string(),
    run: z.string().nullable(),
    status: z.enum(['found', 'removed', 'in-use', 'stuck']),
    reason: z.string().nullable(),
    undo: z.array(z.string()),
  }),
);

/** The only step of the workflow would end long after the test: wf ends it with itself. */
const SLEEPER = `
import { defineWorkflow } from 'wf-engine';
import { execRead } from 'wf-engine/steps';
import { setup } from 'xstate';
import { z } from 'zod';

const machine = setup({ actors: { execRead } }).createMachine({
  initial: 'sleep',
  states: {
    sleep: { invoke: { id: 'sleep', src: 'execRead', input: { argv: ['sleep', '30'] }, onDone: 'done' } },
    done: { type: 'final' },
  },
});

export default defineWorkflow({ name: 'sleeper', version: '1', description: 'Sleeps', input: z.object({}), machine });
`;

const CONTAINERS = readFileSync(new URL('../../fixtures/kit/containers.ts', import.meta.url), 'utf8');

describeDocker('wf sweep', () => {
  // A lab left by a failed test would fail the next tests too.
  afterEach(async () => {
    for (const filter of [{ name: 'sweep-' }, { label: 'wf.run' }]) {
      await removeContainers(filter);
      await removeNetworks(filter);
      await removeVolumes(filter);
    }
    for (const name of await linkNames()) if (name.startsWith('sweep-')) await tool('ip', 'link', 'delete', name);
  });

  async function swept(project: Project, ...more: string[]) {
    const { exitCode, json, stderr } = await project.sharedWf(['sweep', '--json', ...more]);
    expect(stderr).toBe('');
    return { exitCode, objects: sweptSchema.parse(json()) };
  }

  /** Makes objects that resemble those of wf but are not marked. */
  async function bystanders(): Promise<void> {
    await docker('network', 'create', 'sweep-network');
    await docker('create', '--name', 'sweep-container', '--label', 'wf.runner=forgotten', PROBE_IMAGE);
    await docker('create', '--name', 'sweep-odd', '--label', 'wf.run=no run id!', PROBE_IMAGE);
    await tool('ip', 'link', 'add', 'sweep-link', 'type', 'bridge');
    await tool('ip', 'link', 'set', 'dev', 'sweep-link', 'alias', 'about wf.run=forgotten');
    await tool('ip', 'link', 'set', 'dev', 'sweep-link', 'up');
    await tool('ip', 'address', 'add', '10.66.0.1/24', 'dev', 'sweep-link');
    await tool('ip', 'route', 'add', '10.67.0.0/24', 'via', '10.66.0.2', 'proto', '118');
  }

  type Found = z.output<typeof sweptSchema>;

  async function removeWithYes(project: Project, found: Found): Promise<void> {
    const removed = await swept(project, '--yes');
    expect(removed.objects.map(({ status, reason }) => [status, reason])).toEqual(found.map(() => ['removed', null]));
    expect(removed.exitCode).toBe(0);
  }

  async function removeByHand(_project: Project, found: Found): Promise<void> {
    for (const { kind, name, undo } of found) {
      for (const line of undo) {
        await tool('sh', '-c', line).catch(async (thrown: unknown) => {
          // The pair disappears shortly after the container.
          if (kind !== 'link' || (await linkNames()).includes(name)) throw thrown;
        });
      }
    }
  }

  test.for(
    chosen([
      ['removes exactly those with --yes', removeWithYes],
      ['prints commands that remove exactly those', removeByHand],
    ] as const),
  )(
    'does not touch a run that is active or in its database; once the run is gone, it lists the objects of the run, and %s',
    async ([, remove]) => {
      await bystanders();
      const before = await hostState();
      const [theirs, ours] = [openProject(), openProject()];
      const lab = theirs.start(startLab({}, '--id', 'forgotten'));
      await lab.haltAt(SPLICED);
      const inPlace = await hostState();
      const { exitCode, objects } = await swept(ours, '--yes');
      expect(exitCode).toBe(0);
      expect(objects.length).toBeGreaterThan(4);
      expect(new Set(objects.map(({ status, reason }) => `${status}: ${reason}`))).toEqual(
        new Set(['in-use: run forgotten is active']),
      );
      for (const more of [[], ['--yes']]) {
        const refused = await ours.sharedWf(['sweep', '--json', ...more], { through: ['unshare', '--net'] });
        expect(refused.exitCode, refused.stdout).toBe(3);
        expect(refused.json()).toMatchObject({ error: { code: 'E_DOCKER_NOT_LOCAL' } });
      }
      lab.kill('SIGKILL');
      await lab.end;
      // `wf rollback` undoes these.
      expect(await swept(theirs, '--yes')).toEqual({ exitCode: 0, objects: [] });
      expect(await hostState()).toEqual(inPlace);

      for (const file of ['', '-wal', '-shm']) rmSync(`${theirs.database}${file}`, { force: true });
      await tool('ip', 'route', 'add', '10.68.0.0/24', 'via', '10.66.0.2', 'proto', '119', 'metric', '7');
      const littered = await hostState();
      const found = await swept(ours);
      expect(found.exitCode).toBe(0);
      expect(found.objects.map(({ kind, name, run, status }) => [kind, name, run, status])).toEqual([
        ...[1, 2].map(() => ['container', expect.stringMatching(/^App(Dev|Prod)$/), 'forgotten', 'found']),
        ['link', 'int_hote', 'forgotten', 'found'],
        ['route', expect.stringMatching(/^10\.68\.0\.0\/24 via 10\.66\.0\.2 dev sweep-link/), null, 'found'],
        ...[1, 2].map(() => ['network', expect.stringMatching(/^(devops|prod)$/), 'forgotten', 'found']),
      ]);
      expect(await hostState(), 'showing alters nothing').toEqual(littered);
      expect((await ours.sharedWf(['sweep'])).stdout).toContain('ip link delete dev int_hote');

      await remove(ours, found.objects);
      await expect.poll(hostState).toEqual(before);
      expect(await swept(ours, '--yes')).toEqual({ exitCode: 0, objects: [] });
    },
  );

  test('does not touch an active run of another user, whose locks it cannot see', async () => {
    const project = openProject({ 'workflows/sleeper.ts': SLEEPER });
    ownedByOrdinaryUser(project.folder);
    await docker('network', 'create', '--label', 'wf.run=theirs', 'sweep-theirs');
    const run = project.start(['start', 'sleeper', '--id', 'theirs'], { through: ORDINARY_USER });
    const inUse = [{ name: 'sweep-theirs', status: 'in-use' }];
    await vi.waitFor(async () => expect((await swept(openProject())).objects).toMatchObject(inUse), 20_000);
    expect((await swept(openProject(), '--yes')).objects).toMatchObject(inUse);
    run.kill('SIGKILL');
    await run.end;
    // The signal also ends the process of the step.
    expect(await project.wf(['rollback', 'theirs'], { through: ORDINARY_USER })).toMatchObject({ exitCode: 0 });
    expect((await swept(openProject(), '--yes')).objects).toMatchObject([{ name: 'sweep-theirs', status: 'removed' }]);
  });

  test('finds connections and volumes too, and keeps a volume with data', async () => {
    const before = await hostState();
    await docker('run', '--detach', '--name', 'sweep-other', PROBE_IMAGE, 'sleep', '600');
    const theirs = openProject({ 'workflows/containers.ts': CONTAINERS });
    const input = ['--input', `image=${PROBE_IMAGE}`, '--input', 'other=sweep-other'];
    const started = await theirs.sharedWf(['start', 'containers', '--runtime', 'docker', '--id', 'lost', ...input]);
    expect(started.exitCode, started.stderr).toBe(0);
    expect(await swept(theirs)).toEqual({ exitCode: 0, objects: [] });

    const project = openProject();
    const left = [
      ['container', 'kit-app'],
      ['connection', 'sweep-other to kit-net'],
      ['network', 'kit-net'],
      ['volume', 'kit-data'],
    ];
    expect((await swept(project)).objects.map(({ kind, name, run }) => [kind, name, run])).toEqual(
      left.map((one) => [...one, 'lost']),
    );
    const removed = await swept(project, '--yes');
    expect(removed.exitCode).toBe(5);
    expect(removed.objects.map(({ status }) => status)).toEqual(['removed', 'removed', 'removed', 'stuck']);
    const reason = 'volume kit-data has data (1 entries): wf does not remove it';
    expect(removed.objects.at(-1)).toMatchObject({ reason, undo: ['docker volume rm kit-data'] });
    expect(await dockerInspect('sweep-other', '{{.State.Running}} {{len .NetworkSettings.Networks}}')).toBe('true 1');

    const inVolume = ['--rm', '--volume', 'kit-data:/data', PROBE_IMAGE];
    expect(await docker('run', ...inVolume, 'cat', '/data/mark')).toBe('made');
    await docker('run', ...inVolume, 'rm', '/data/mark');
    expect((await swept(project, '--yes')).objects).toMatchObject([{ kind: 'volume', status: 'removed' }]);
    expect(await theirs.sharedWf(['rollback', 'lost'])).toMatchObject({ exitCode: 0 });
    await docker('rm', '--force', 'sweep-other');
    // The run has ended: an object that appears with its mark later has no owner.
    await docker('network', 'create', '--label', 'wf.run=lost', 'sweep-late');
    expect((await swept(theirs, '--yes')).objects).toMatchObject([{ name: 'sweep-late', status: 'removed' }]);
    expect(await hostState()).toEqual(before);
  });

  test('reports a network with a foreign container as stuck, and keeps it', async () => {
    const id = await docker('network', 'create', '--label', 'wf.run=forgotten', 'sweep-devops');
    await docker('run', '--detach', '--name', 'sweep-guest', '--network', id, PROBE_IMAGE, 'sleep', '600');
    const project = openProject();
    const { exitCode, objects } = await swept(project, '--yes');
    expect(exitCode).toBe(5);
    expect(objects).toMatchObject([
      {
        status: 'stuck',
        reason: expect.stringContaining('sweep-guest'),
        undo: [expect.stringContaining('docker network rm')],
      },
    ]);
    expect(await dockerInspect('sweep-guest', '{{.State.Running}} {{len .NetworkSettings.Networks}}')).toBe('true 1');
    expect((await project.sharedWf(['sweep', '--yes'])).stdout).toMatch(/network sweep-devops .*stuck: .*sweep-guest/);
  });
});
