import { expect, test } from 'vitest';
import { describeDocker } from '../support/docker-tests.ts';
import { removeEngine, startEngine } from '../support/engine.ts';
import { hostState } from '../support/host-state.ts';
import { startLab } from '../support/lab.ts';
import { runRecordSchema } from '../support/run-record.ts';
import { openProject } from '../support/run-wf.ts';

describeDocker('a run whose Docker engine is not the one that DOCKER_HOST now leads to', () => {
  test('is not taken for undone because that one does not know its objects, and is rolled back on its own engine', async () => {
    const before = await hostState();
    const project = openProject();
    const paused = await project.wf(startLab({}, '--id', 'elsewhere', '--pause-after', 'setup'));
    expect(paused.exitCode, paused.stderr).toBe(0);
    const other = await startEngine();
    try {
      const env = { DOCKER_HOST: other.dockerHost };
      const wrong = await project.wf(['rollback', 'elsewhere', '--json'], { env });
      expect(wrong.exitCode).toBe(5);
      const { status, changes } = runRecordSchema.parse(wrong.json());
      expect(status).toBe('needs-attention');
      const made = changes.filter(({ kind }) => kind === 'docker.network' || kind === 'docker.container');
      // The probe was taken back by the run itself.
      expect(made.map((change) => change.status).sort()).toEqual(['reverted', 'stuck', 'stuck', 'stuck', 'stuck']);
      const told = await project.wf(['show', 'elsewhere']);
      expect(told.stdout).toContain('DOCKER_HOST');
    } finally {
      await removeEngine(other);
    }
    const right = await project.wf(['rollback', 'elsewhere', '--json']);
    expect(right).toMatchObject({ exitCode: 0 });
    expect(runRecordSchema.parse(right.json())).toMatchObject({
      status: 'rolled-back',
      verification: { restored: true },
    });
    expect(await hostState()).toEqual(before);
  });
});
