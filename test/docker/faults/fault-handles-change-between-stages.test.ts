import { expect, test } from 'vitest';
import { describeDocker, docker } from '../../support/docker-tests.ts';
import { hostState, tool } from '../../support/host-state.ts';
import {
  expectAllUndone,
  expectFailedAndUndone,
  leavingTheHostAsItWas,
  pausedAfter,
} from '../../support/paused-lab.ts';

describeDocker('a foreign change between two stages', () => {
  test('fails the run if AppProd is restarted before the splice, and all is undone', () =>
    leavingTheHostAsItWas(async () => {
      const lab = await pausedAfter('isolationTest');
      await docker('restart', '--time', '0', 'AppProd');
      expectFailedAndUndone(await lab.resume(), {
        code: 'E_NAMESPACE_GONE',
        says: ['AppProd was restarted or removed'],
      });
    }));

  test('fails the run if AppProd is restarted after the splice, and the lost changes are settled as gone', () =>
    leavingTheHostAsItWas(async () => {
      const lab = await pausedAfter('vethSplice');
      await docker('restart', '--time', '0', 'AppProd');
      const end = await lab.resume();
      expectFailedAndUndone(end, {
        code: 'E_STEP_FAILED',
        says: [
          /link int_hote does not exist on the host; gone from the host meanwhile: veth pair int_hote and int_conteneur/,
          'AppProd was restarted or removed',
        ],
      });
      const status = (step: string) => end.record.changes.find((change) => change.step === step)?.status;
      expect(['createVethPair', 'addSpliceAddress', 'addDefaultRoute'].map(status)).toEqual(['gone', 'gone', 'gone']);
    }));

  test('fails the run if int_hote is deleted, and all is undone', () =>
    leavingTheHostAsItWas(async () => {
      const lab = await pausedAfter('vethSplice');
      await tool('ip', 'link', 'delete', 'int_hote');
      expectFailedAndUndone(await lab.resume(), {
        code: 'E_STEP_FAILED',
        says: [
          /link int_hote does not exist on the host; gone from the host meanwhile: veth pair int_hote and int_conteneur/,
        ],
      });
    }));

  test('fails the run if AppDev is removed, and --on-failure keep leaves the rest until a rollback', () =>
    leavingTheHostAsItWas(async () => {
      const lab = await pausedAfter('setup', { more: ['--on-failure', 'keep'] });
      const paused = await hostState();
      await docker('rm', '--force', 'AppDev');
      const end = await lab.resume();
      expect({ exitCode: end.exitCode, status: end.record.status }).toEqual({ exitCode: 1, status: 'failed' });
      expect(end.record.error?.message).toMatch(/gone from the host meanwhile: container AppDev/);
      expect((await hostState()).networks).toEqual(paused.networks);
      expect((await hostState()).containers).toEqual(paused.containers.filter((line) => !line.includes(' AppDev ')));

      const rolledBack = await lab.rollBack();
      expect({ exitCode: rolledBack.exitCode, status: rolledBack.record.status }).toEqual({
        exitCode: 0,
        status: 'rolled-back',
      });
      expectAllUndone(rolledBack.record);
    }));
});
