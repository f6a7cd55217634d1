import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { planSchema } from '../../support/command/plan-record.ts';
import { openProject } from '../../support/command/run-wf.ts';
import { describeDocker, docker } from '../../support/engines/docker-tests.ts';
import { PROBE_IMAGE } from '../../support/engines/images.ts';
import { hostState } from '../../support/host/host-state.ts';
import { STAGES, startLab } from '../../support/workflows/lab.ts';

describeDocker('a dry run of the lab', () => {
  test('prints the commands of all six stages and touches nothing', async () => {
    const before = await hostState();
    const project = openProject();
    const args = startLab({ devSubnet: '172.30.0.0/16', devText: `it's "me"` }, '--dry-run');
    const text = await project.sharedWf(args);
    const json = await project.sharedWf([...args, '--json']);
    expect(json).toMatchObject({ exitCode: 0, stderr: '' });
    const { steps } = planSchema.parse(json.json());
    expect([...new Set(steps.map(({ stage }) => stage))]).toEqual(STAGES);
    const commands = steps.flatMap((step) => step.commands);
    for (const expected of [
      /^docker network create .*--subnet 172\.30\.0\.0\/16 devops$/,
      /^docker run --detach --name AppDev .*--network devops wf-test\/http-echo -text 'it'\\''s "me"'$/,
      /^ip link add .*int_hote .*type veth peer name int_conteneur/,
      /^ip link set dev int_hote master br-[0-9a-f]{12}$/,
      /^ip link set dev int_conteneur netns /,
      /ip address add 172\.30\.0\.100\/16 dev eth1$/,
      /ip route add default via 172\.30\.0\.1 /,
      /ping .* 172\.30\.0\.100$/,
      /^docker rm --force --volumes AppDev$/,
      /^docker rm --force --volumes AppProd$/,
      /^docker network rm devops$/,
      /^docker network rm prod$/,
    ]) {
      expect(commands).toContainEqual(expect.stringMatching(expected));
    }

    expect(text).toMatchObject({ exitCode: 0, stderr: '' });
    for (const command of commands) expect(text.stdout).toContain(command);
    for (const stage of STAGES) expect(text.stdout).toContain(stage);
    expect(await hostState()).toEqual(before);
    expect(existsSync(project.database)).toBe(false);
  });

  test('reports a conflict once, as a warning, and exits with 0', async () => {
    const id = await docker('create', '--name', 'AppDev', PROBE_IMAGE);
    try {
      const end = await openProject().sharedWf(startLab({}, '--dry-run'));
      expect(end.exitCode).toBe(0);
      expect(end.stderr.match(/^warning E_NAME_IN_USE: /gm)).toHaveLength(1);
      const nowhere = await openProject().sharedWf(startLab({}, '--dry-run', '--runtime', 'docker'), {
        env: { DOCKER_HOST: 'unix:///nowhere.sock' },
      });
      expect(nowhere.exitCode).toBe(0);
      expect(nowhere.stderr.match(/^warning E_DOCKER_UNREACHABLE: /gm)).toHaveLength(1);
    } finally {
      await docker('rm', id);
    }
  });
});
