import { expect } from 'vitest';
import { describeDocker, docker } from '../../support/engines/docker-tests.ts';
import { hostState } from '../../support/host/host-state.ts';
import { testsInTurn } from '../../support/tests-in-turn.ts';
import {
  expectAllUndone,
  expectFailedAndUndone,
  leavingTheHostAsItWas,
  pausedAfter,
} from '../../support/workflows/paused-lab.ts';

describeDocker('a foreign change between two stages', () => {
  const everySecond = testsInTurn(2);
  everySecond(
    'fails the run if containers are removed or restarted before the splice, and --on-failure keep leaves the rest until a rollback',
    () =>
      leavingTheHostAsItWas(async () => {
        const lab = await pausedAfter('isolationTest', { more: ['--on-failure', 'keep'] });
        const paused = await hostState();
        await docker('restart', '--time', '0', 'AppProd');
        await docker('rm', '--force', 'AppDev');
        const end = await lab.resume();
        expect({ exitCode: end.exitCode, status: end.record.status }).toEqual({ exitCode: 1, status: 'failed' });
        expect(end.record.error).toMatchObject({
          code: 'E_NAMESPACE_GONE',
          message: expect.stringMatching(
            /AppProd was restarted or removed.*; gone from the host meanwhile: container AppDev/,
          ),
        });
        const { networks, containers } = await hostState();
        expect(networks).toEqual(paused.networks);
        expect(containers).toEqual(paused.containers.filter((line) => !line.includes(' AppDev ')));

        const rolledBack = await lab.rollBack();
        expect({ exitCode: rolledBack.exitCode, status: rolledBack.record.status }).toEqual({
          exitCode: 0,
          status: 'rolled-back',
        });
        expectAllUndone(rolledBack.record);
      }),
  );

  everySecond('fails the run if AppProd is restarted after the splice, and the lost changes are settled as gone', () =>
    leavingTheHostAsItWas(async () => {
      const lab = await pausedAfter('vethSplice');
      await docker('restart', '--time', '0', 'AppProd');
      const end = await lab.resume();
      expectFailedAndUndone(end, {
        code: 'E_STEP_FAILED',
        message: [
          /link int_hote does not exist on the host; gone from the host meanwhile: veth pair int_hote and int_conteneur/,
          'AppProd was restarted or removed',
        ],
      });
      const status = (step: string) => end.record.changes.find((change) => change.step === step)?.status;
      expect(['createVethPair', 'addSpliceAddress', 'addDefaultRoute'].map(status)).toEqual(['gone', 'gone', 'gone']);
    }),
  );
});
