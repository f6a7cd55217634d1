import { expect, test } from 'vitest';
import { planSchema } from '../../support/command/plan-record.ts';
import { refusalSchema, runRecordSchema } from '../../support/command/run-record.ts';
import { openProject } from '../../support/command/run-wf.ts';
import { describeDocker, docker } from '../../support/engines/docker-tests.ts';
import { useOwnEngines } from '../../support/engines/own-engine.ts';
import { hostState } from '../../support/host/host-state.ts';
import { startLab } from '../../support/workflows/lab.ts';

describeDocker('a plan of the lab', () => {
  const other = useOwnEngines(1);

  test('touches nothing, is refused if the host or the engine differs, and is carried out once', async () => {
    const before = await hostState();
    const project = openProject();
    const end = await project.sharedWf(startLab({}, '--plan', '--json'));
    expect(end.exitCode, end.stderr).toBe(0);
    const { run, place, steps } = planSchema.parse(end.json());
    expect(await hostState()).toEqual(before);
    expect(place?.engine).toEqual(expect.stringMatching(/./));
    expect(steps.find(({ step }) => step === 'createDevNetwork')?.observed).toMatchObject({
      found: 'absent',
      target: 'network devops',
    });

    const apply = async (env: Readonly<Record<string, string>> = {}) => {
      const refused = await project.sharedWf(['apply', '@latest', '--json'], { env });
      return { exitCode: refused.exitCode, ...refusalSchema.parse(refused.json()).error };
    };
    const network = await docker('network', 'create', 'devops');
    try {
      const inTheWay = await hostState();
      const refused = await apply();
      expect(refused).toMatchObject({ exitCode: 4, code: 'E_PLAN_OUTDATED' });
      expect(refused.message).toContain('step createDevNetwork: observed was "network devops is not in place", and is');
      expect(refused.message).toMatch(/; network name devops: .*devops/);
      expect(await hostState()).toEqual(inTheWay);
    } finally {
      await docker('network', 'rm', network);
    }
    const refused = await apply({ DOCKER_HOST: other(0).engine.dockerHost });
    expect(refused).toMatchObject({ exitCode: 4, code: 'E_PLAN_OUTDATED' });
    expect(refused.message).toContain(`the Docker engine was ${place?.engine}, and is `);
    const unreachable = await apply({ DOCKER_HOST: 'unix:///nowhere.sock' });
    expect(unreachable).toMatchObject({ exitCode: 3, code: 'E_DOCKER_UNREACHABLE' });

    const applied = await project.sharedWf(['apply', '@latest', '--json']);
    expect(applied.exitCode, applied.stderr).toBe(0);
    expect(runRecordSchema.parse(applied.json())).toMatchObject({ id: run, status: 'succeeded' });
    expect(await apply()).toMatchObject({ exitCode: 4, code: 'E_PLAN_USED' });
    expect(await hostState()).toEqual(before);
  });
});
