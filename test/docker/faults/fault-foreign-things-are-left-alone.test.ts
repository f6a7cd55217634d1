import { expect } from 'vitest';
import { describeDocker, docker, dockerInspect, dockerKnows } from '../../support/engines/docker-tests.ts';
import { HTTP_ECHO_IMAGE, PROBE_IMAGE } from '../../support/engines/images.ts';
import { hostState, inside, linksOf, pidOf, tool } from '../../support/host/host-state.ts';
import { testsInTurn } from '../../support/tests-in-turn.ts';
import {
  expectAllUndone,
  expectFailedAndUndone,
  leavingTheHostAsItWas,
  pausedAfter,
} from '../../support/workflows/paused-lab.ts';

describeDocker('a foreign object in the way of a run', () => {
  const everyThird = testsInTurn(3);
  const madeByHand = () =>
    leavingTheHostAsItWas(async () => {
      const lab = await pausedAfter('isolationTest', { more: ['--on-failure', 'keep'] });
      const pid = await pidOf('AppProd');
      await inside(pid, 'ip', 'link', 'add', 'eth1', 'type', 'bridge');
      await inside(pid, 'ip', 'address', 'add', '10.77.0.1/24', 'dev', 'eth1');
      const made = (await linksOf(pid)).get('eth1');
      const end = await lab.resume();
      expect({ exitCode: end.exitCode, error: end.record.error }).toMatchObject({
        exitCode: 1,
        error: { code: 'E_LINK_IN_USE', message: expect.stringContaining('eth1 exists already in AppProd (bridge)') },
      });
      expect((await linksOf(pid)).get('eth1')).toEqual(made);
      const rolledBack = await lab.rollBack();
      expect(rolledBack.exitCode).toBe(0);
      expectAllUndone(rolledBack.record);
    });

  const madeByDocker = async () => {
    const before = await hostState();
    const theirs = await docker('network', 'create', 'theirs');
    try {
      const lab = await pausedAfter('isolationTest');
      await docker('network', 'connect', 'theirs', 'AppProd');
      expectFailedAndUndone(await lab.resume(), { code: 'E_LINK_IN_USE', message: ['eth1 exists already in AppProd'] });
      expect(await dockerInspect('theirs', '{{.Id}} {{len .Containers}}')).toBe(`${theirs} 0`);
    } finally {
      await docker('network', 'rm', theirs);
    }
    expect(await hostState()).toEqual(before);
  };

  everyThird('is refused and left unchanged if it is an eth1 made by hand in AppProd', madeByHand);
  everyThird('is refused, and its network stays, if it is an eth1 that Docker made in AppProd', madeByDocker);

  everyThird(
    'blocks the removal of devops if it is a container on it, and is unchanged after a rollback if its name is similar',
    async () => {
      const empty = await hostState();
      await docker('network', 'create', 'devops2');
      await docker('create', '--name', 'AppDev-2', '--label', 'wf.run=lab2', PROBE_IMAGE);
      // eth1 is also the name that the moved link gets in AppProd.
      for (const name of ['eth1', 'int_hote2']) await tool('ip', 'link', 'add', name, 'type', 'bridge');
      await tool('ip', 'link', 'set', 'int_hote2', 'alias', 'wf.run=lab2');
      try {
        const before = await hostState();
        const lab = await pausedAfter('connectivityTest');
        const stranger = await docker(
          ...['run', '--detach', '--name', 'stranger', '--network', 'devops', HTTP_ECHO_IMAGE, '-text', 'x'],
        );
        for (const end of [await lab.resume(), await lab.rollBack()]) {
          expect({ exitCode: end.exitCode, status: end.record.status }).toEqual({
            exitCode: 5,
            status: 'needs-attention',
          });
          const { error, changes, verification } = end.record;
          expect(error).toMatchObject({ code: 'E_RESIDUE', message: expect.stringContaining('container stranger') });
          // The error names it once, independently of the number of attempts.
          expect(error?.message.match(/container stranger/g)).toHaveLength(1);
          expect(error?.hint).toContain('docker network rm ');
          expect(changes.filter(({ status }) => status === 'stuck')).toMatchObject([{ step: 'createDevNetwork' }]);
          expect(verification?.residues[0]).toMatchObject({
            subject: 'network devops',
            reason: expect.stringContaining('container stranger'),
          });
          expect(await dockerInspect('stranger', '{{.Id}} {{.State.Running}} {{.RestartCount}}')).toBe(
            `${stranger} true 0`,
          );
          expect(await dockerInspect('devops', '{{range .Containers}}{{.Name}}{{end}}')).toBe('stranger');
          expect(await dockerKnows('network', 'prod')).toBe(false);
        }
        await docker('rm', '--force', stranger);
        const end = await lab.rollBack();
        expect({ exitCode: end.exitCode, status: end.record.status }).toEqual({ exitCode: 0, status: 'rolled-back' });
        expectAllUndone(end.record);
        expect(await hostState()).toEqual(before);
      } finally {
        await docker('rm', '--force', 'AppDev-2', 'stranger');
        await docker('network', 'rm', 'devops2');
        for (const name of ['eth1', 'int_hote2']) await tool('ip', 'link', 'delete', name);
      }
      expect(await hostState()).toEqual(empty);
    },
  );
});
