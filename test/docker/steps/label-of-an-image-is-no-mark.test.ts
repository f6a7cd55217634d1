import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { openProject } from '../../support/command/run-wf.ts';
import { describeDocker, docker, dockerInspect, dockerKnows } from '../../support/engines/docker-tests.ts';
import { PROBE_IMAGE } from '../../support/engines/images.ts';
import { expectAllUndone } from '../../support/workflows/paused-lab.ts';

const COPY = 'wf-test/copy';
const CONTAINERS = readFileSync(new URL('../../fixtures/kit/containers.ts', import.meta.url), 'utf8');
/** Starts a run that creates the network `kit-net` and the container `kit-app`, and keeps them. */
const start = (id: string, image: string) => [
  ...['start', 'containers', '--runtime', 'docker', '--id', id, '--input', `image=${image}`, '--json'],
];

const sweptSchema = z.array(
  z.object({
    name: z.string(),
    status: z.string(),
    reason: z.string().nullable(),
    recognisedBy: z.string(),
    undo: z.array(z.string()),
  }),
);

describeDocker('a label that a container inherits from its image', () => {
  afterEach(async () => {
    for (const name of ['theirs', 'ours', 'orphan', 'source']) await docker('rm', '--force', '--volumes', name);
    await docker('rmi', '--force', COPY).catch(() => {});
    const volumes = await docker('volume', 'ls', '--quiet');
    if (volumes !== '') await docker('volume', 'rm', '--force', ...volumes.split('\n'));
  });

  async function sweep(...more: string[]) {
    const ended = await openProject().sharedWf(['sweep', '--json', ...more]);
    return { exitCode: ended.exitCode, objects: sweptSchema.parse(ended.json()) };
  }

  test('makes no container part of the run: neither for sweep, nor for a rollback, even if it took the name', async () => {
    const project = openProject({ 'workflows/containers.ts': CONTAINERS });
    const started = await project.sharedWf(start('lab', PROBE_IMAGE));
    expect(started.exitCode, started.stderr).toBe(0);
    await docker('commit', 'kit-app', COPY);
    await docker('rm', '--force', 'kit-app');
    const taker = await docker('run', '--detach', '--name', 'kit-app', COPY, 'sleep', '600');
    const theirs = await docker('run', '--detach', '--name', 'theirs', '--volume', '/data', COPY, 'sleep', '600');
    try {
      expect(await dockerInspect('theirs', '{{index .Config.Labels "wf.run"}}')).toBe('lab');
      const end = await project.sharedWf(['rollback', 'lab', '--json']);
      expect(end.exitCode, end.stdout).toBe(0);
      const record = runRecordSchema.parse(end.json());
      expectAllUndone(record);
      expect(record.verification?.drift.map(({ subject }) => subject)).toContainEqual(
        expect.stringContaining('theirs'),
      );
      expect(await sweep('--yes')).toEqual({ exitCode: 0, objects: [] });
      expect(await dockerInspect('theirs', '{{.Id}} {{.State.Running}}')).toBe(`${theirs} true`);
      expect(await dockerInspect('kit-app', '{{.Id}} {{.State.Running}}')).toBe(`${taker} true`);
    } finally {
      await docker('rm', '--force', taker);
    }
  });

  test('makes a run refuse the image if the label names the run itself', async () => {
    await docker('create', '--name', 'source', '--label', 'wf.run=lab', PROBE_IMAGE);
    await docker('commit', 'source', COPY);
    const project = openProject({ 'workflows/containers.ts': CONTAINERS });
    const ended = await project.sharedWf(start('lab', COPY));
    expect(ended.exitCode).toBe(1);
    expect(ended.json()).toMatchObject({
      status: 'rolled-back',
      error: { message: expect.stringContaining('wf.run=lab'), hint: expect.stringContaining('docker build') },
    });
    expect(await dockerKnows('container', 'kit-app')).toBe(false);
    const other = await project.sharedWf(start('other', COPY));
    expect(other.exitCode, other.stderr).toBe(0);
    expect(await project.sharedWf(['rollback', 'other'])).toMatchObject({ exitCode: 0 });
  });

  test('is not a mark: sweep names the label that the image does not carry, and keeps the volumes', async () => {
    await docker('create', '--name', 'ours', '--label', 'wf.run=forgotten', '--volume', '/data', PROBE_IMAGE);
    const volume = await dockerInspect('ours', '{{(index .Mounts 0).Name}}');
    const found = await sweep();
    expect(found.objects).toEqual([
      {
        name: 'ours',
        status: 'found',
        reason: null,
        recognisedBy: `label wf.run=forgotten, which its image ${PROBE_IMAGE} does not carry`,
        undo: [expect.stringMatching(/^docker rm --force [0-9a-f]{12}$/)],
      },
    ]);
    expect((await openProject().sharedWf(['sweep'])).stdout).toContain('label wf.run=forgotten');
    const { exitCode, objects } = await sweep('--yes');
    expect({ exitCode, status: objects[0]?.status }).toEqual({ exitCode: 0, status: 'removed' });
    expect(await dockerKnows('container', 'ours')).toBe(false);
    expect(await docker('volume', 'ls', '--quiet')).toContain(volume);
  });

  test('cannot be distinguished from a mark if the image is gone: sweep lists the container and keeps it', async () => {
    await docker('tag', PROBE_IMAGE, COPY);
    await docker('create', '--name', 'source', COPY);
    await docker('commit', '--change', 'LABEL wf.run=forgotten', 'source', COPY);
    const orphan = await docker('create', '--name', 'orphan', COPY);
    await docker('rmi', '--force', COPY);
    const { exitCode, objects } = await sweep('--yes');
    expect(exitCode).toBe(5);
    expect(objects).toMatchObject([
      { name: 'orphan', status: 'stuck', reason: expect.stringContaining('which is gone') },
    ]);
    expect(await dockerInspect('orphan', '{{.Id}}')).toBe(orphan);
  });
});
