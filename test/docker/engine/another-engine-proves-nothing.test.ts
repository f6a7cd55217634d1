import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readRecord } from '../../support/command/read-record.ts';
import { refusalSchema, runRecordSchema } from '../../support/command/run-record.ts';
import { openProject } from '../../support/command/run-wf.ts';
import { describeDocker } from '../../support/engines/docker-tests.ts';
import { PROBE_IMAGE } from '../../support/engines/images.ts';
import { useOwnEngines } from '../../support/engines/own-engine.ts';
import { hostState } from '../../support/host/host-state.ts';

const CONTAINERS = readFileSync(new URL('../../fixtures/kit/containers.ts', import.meta.url), 'utf8');

describeDocker('a run on a Docker engine other than DOCKER_HOST', () => {
  const other = useOwnEngines(1);

  test('is neither resumed nor rolled back, and nothing is touched', async () => {
    const before = await hostState();
    const project = openProject({ 'workflows/containers.ts': CONTAINERS });
    const start = [
      'start',
      'containers',
      '--runtime',
      'docker',
      '--id',
      'elsewhere',
      '--input',
      `image=${PROBE_IMAGE}`,
    ];
    const started = await project.sharedWf([...start, '--pause-after', 'network']);
    expect(started.exitCode, started.stderr).toBe(0);
    const paused = await hostState();
    const record = readRecord(project, 'elsewhere');
    const { dockerHost } = other(0).engine;
    for (const command of ['rollback', 'resume']) {
      const refused = await project.sharedWf([command, 'elsewhere', '--json'], { env: { DOCKER_HOST: dockerHost } });
      const { error } = refusalSchema.parse(refused.json());
      expect({ command, exitCode: refused.exitCode, code: error.code }).toEqual({
        command,
        exitCode: 4,
        code: 'E_WRONG_PLACE',
      });
      expect(error.message).toContain(dockerHost);
      expect(error.hint).toContain('DOCKER_HOST');
      expect(await hostState()).toEqual(paused);
      expect(readRecord(project, 'elsewhere')).toEqual(record);
    }
    const right = await project.sharedWf(['rollback', 'elsewhere', '--json']);
    expect(right).toMatchObject({ exitCode: 0 });
    expect(runRecordSchema.parse(right.json())).toMatchObject({
      status: 'rolled-back',
      verification: { restored: true },
    });
    expect(await hostState()).toEqual(before);
  });
});
