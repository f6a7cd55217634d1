import { afterEach, expect, test } from 'vitest';
import { createDocker } from '../../../src/docker/create-docker.ts';
import type { Change, Difference } from '../../../src/engine/model/change.ts';
import { asStepId } from '../../../src/engine/model/ids.ts';
import type { Fingerprint } from '../../../src/engine/ports/fingerprint.ts';
import { FACETS } from '../../../src/engine/workflow/facets.ts';
import { createFingerprints } from '../../../src/fingerprint/create-fingerprints.ts';
import { createCommandPort } from '../../../src/host/commands/command.ts';
import { execaStarter } from '../../../src/host/commands/start-command.ts';
import { systemClock } from '../../../src/host/machine/clock.ts';
import { machineNamespace } from '../../../src/host/namespaces/namespace.ts';
import { describeDocker, docker, removeContainers, removeNetworks } from '../../support/engines/docker-tests.ts';
import { PROBE_IMAGE } from '../../support/engines/images.ts';
import { comparedRun } from '../../support/in-process/compared-run.ts';

const fingerprints = createFingerprints({
  command: createCommandPort(systemClock, execaStarter),
  docker: createDocker(),
  clock: systemClock,
  namespace: machineNamespace,
});

function compared(before: Fingerprint, after: Fingerprint, ledger: readonly Change[] = []): readonly Difference[] {
  // Named namespaces belong to the whole machine: other tests may create some.
  return fingerprints
    .compare(before, after, comparedRun('fprun', ledger))
    .differences.filter(({ subject }) => !subject.startsWith('namespace '));
}

function ownersOf(differences: readonly Difference[]): Record<string, Difference['owner']> {
  return Object.fromEntries(differences.map(({ subject, owner }) => [subject, owner]));
}

function made(kind: string, id: string): Change {
  return {
    seq: 1,
    step: asStepId('s'),
    kind,
    target: 'network fp-devops',
    record: { name: 'fp-devops', id },
    undo: [],
    status: 'reverted',
    reason: null,
    bootId: 'b',
  };
}

describeDocker('a fingerprint of a Docker engine', () => {
  afterEach(async () => {
    await removeContainers({ name: 'fp-' });
    await removeNetworks({ name: 'fp-' });
  });

  const createNetwork = (name: string, ...labels: string[]) =>
    docker('network', 'create', ...labels.flatMap((label) => ['--label', label]), name);

  test('attributes all parts of a network and a container of this run to the run', async () => {
    const before = await fingerprints.take(FACETS);
    const network = await createNetwork('fp-devops', 'wf.run=fprun');
    await docker(
      'run',
      '--detach',
      '--label',
      'wf.run=fprun',
      '--network',
      'fp-devops',
      '--publish',
      '127.0.0.1:48080:80',
      '--name',
      'fp-AppDev',
      PROBE_IMAGE,
      'sleep',
      '600',
    );
    const found = compared(before, await fingerprints.take(FACETS));
    const owners = ownersOf(found);
    const bridge = `br-${network.slice(0, 12)}`;
    expect(owners).toMatchObject({ [`network fp-devops (${network.slice(0, 12)})`]: 'run', [`link ${bridge}`]: 'run' });
    const subjects = Object.keys(owners);
    expect(subjects.filter((subject) => subject.startsWith('container fp-AppDev'))).toHaveLength(1);
    expect(subjects.filter((subject) => /^link veth/.test(subject))).toHaveLength(1);
    expect(subjects.filter((subject) => subject.includes(`rule`) && subject.includes(bridge)).length).toBeGreaterThan(
      4,
    );
    expect(found.filter(({ owner }) => owner !== 'run')).toEqual([]);
    await docker('rm', '--force', 'fp-AppDev');
    await docker('network', 'rm', 'fp-devops');
    expect(compared(before, await fingerprints.take(FACETS))).toEqual([]);
  });

  test('attributes an unmarked network to the run if the ledger has its id', async () => {
    const before = await fingerprints.take(FACETS);
    const network = await createNetwork('fp-devops');
    const after = await fingerprints.take(FACETS);
    expect(new Set(Object.values(ownersOf(compared(before, after, [made('docker.network', network)]))))).toEqual(
      new Set(['run']),
    );
    const unknown = compared(before, after);
    expect(unknown.filter(({ owner }) => owner === 'run')).toEqual([]);
    expect(unknown.filter(({ owner }) => owner === 'other').map(({ subject }) => subject)).toEqual([
      `network fp-devops (${network.slice(0, 12)})`,
    ]);
    expect(unknown.filter(({ owner }) => owner === 'docker').map(({ subject }) => subject)).toContain(
      `link br-${network.slice(0, 12)}`,
    );
  });

  test('attributes all parts of a network and a container of another run to that run', async () => {
    const before = await fingerprints.take(FACETS);
    await createNetwork('fp-prod', 'wf.run=otherrun');
    await docker(
      'run',
      '--detach',
      '--label',
      'wf.run=otherrun',
      '--network',
      'fp-prod',
      '--name',
      'fp-AppProd',
      PROBE_IMAGE,
      'sleep',
      '600',
    );
    const found = compared(before, await fingerprints.take(FACETS));
    expect(found.length).toBeGreaterThan(5);
    expect(found.filter(({ owner }) => owner !== 'other')).toEqual([]);
    expect(found.filter(({ reason }) => !/\brun otherrun$/.test(reason))).toEqual([]);
  });

  test('attributes a foreign container to somebody else, and its veth to Docker', async () => {
    const before = await fingerprints.take(FACETS);
    await docker('run', '--detach', '--name', 'fp-foreign', PROBE_IMAGE, 'sleep', '600');
    const running = await fingerprints.take(FACETS);
    const found = compared(before, running);
    const owners = Object.entries(ownersOf(found));
    expect(owners.filter(([subject]) => subject.startsWith('container fp-foreign')).map(([, owner]) => owner)).toEqual([
      'other',
    ]);
    expect(owners.filter(([subject]) => /^link veth/.test(subject)).map(([, owner]) => owner)).toEqual(['docker']);
    expect(owners.filter(([, owner]) => owner === 'run')).toEqual([]);
    await docker('stop', '--time', '0', 'fp-foreign');
    const stopped = compared(running, await fingerprints.take(FACETS));
    expect(stopped.map(({ difference, subject }) => `${difference} ${subject.split(' ')[0]}`)).toContain(
      'altered container',
    );
    await docker('rm', 'fp-foreign');
    expect(compared(before, await fingerprints.take(FACETS)).filter(({ owner }) => owner !== 'docker')).toEqual([]);
  });

  test('attributes volumes by mark, by ledger and by the container that uses them, and connections by ledger', async () => {
    const somebody = await docker('create', '--name', 'fp-other', PROBE_IMAGE);
    const before = await fingerprints.take(['docker']);
    const network = await createNetwork('fp-devops', 'wf.run=fprun');
    await docker('volume', 'create', '--label', 'wf.run=fprun', 'fp-marked');
    await docker('volume', 'create', 'fp-recorded');
    await docker('volume', 'create', 'fp-foreign');
    const mounts = ['--volume', '/anonymous', '--volume', 'fp-named:/named'];
    await docker('create', '--name', 'fp-app', '--label', 'wf.run=fprun', ...mounts, PROBE_IMAGE);
    await docker('network', 'connect', 'fp-devops', somebody);
    const after = await fingerprints.take(['docker']);
    const ledger = [made('docker.volume', 'fp-recorded'), made('docker.connect', somebody)];
    const owners = Object.entries(ownersOf(compared(before, after, ledger)));
    const anonymous = owners.filter(([subject]) => /^volume [0-9a-f]{64}$/.test(subject));
    expect(anonymous.map(([, owner]) => owner)).toEqual(['run']);
    expect(Object.fromEntries(owners)).toMatchObject({
      ...{
        'volume fp-marked': 'run',
        'volume fp-recorded': 'run',
        'volume fp-foreign': 'other',
        'volume fp-named': 'run',
      },
      ...{
        [`network fp-devops (${network.slice(0, 12)})`]: 'run',
        [`container fp-other (${somebody.slice(0, 12)})`]: 'run',
      },
    });
    expect(ownersOf(compared(before, after))[`container fp-other (${somebody.slice(0, 12)})`]).toBe('other');
    await docker('rm', '--volumes', 'fp-app', 'fp-other');
    await docker('volume', 'rm', 'fp-marked', 'fp-recorded', 'fp-foreign', 'fp-named');
  });
});
