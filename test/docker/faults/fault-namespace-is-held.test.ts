import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { describeDocker } from '../../support/engines/docker-tests.ts';
import { pidOf } from '../../support/host/host-state.ts';
import { expectFailedAndUndone, leavingTheHostAsItWas, pausedAfter } from '../../support/workflows/paused-lab.ts';

describeDocker('a network namespace that outlives AppProd', () => {
  test('is reported with the process that keeps it alive, and the pair is undone', () =>
    leavingTheHostAsItWas(async () => {
      const lab = await pausedAfter('connectivityTest');
      const holder = spawn('nsenter', [`--net=/proc/${await pidOf('AppProd')}/ns/net`, 'sleep', '977'], {
        stdio: 'ignore',
      });
      try {
        const end = await lab.resume();
        expectFailedAndUndone(end, { code: 'E_NOT_PROVEN', message: ['still on the host after 5 s: int_hote'] });
        expect(end.record.error?.hint).toContain(`process ${holder.pid} (sleep 977) is in it`);
        expect(holder.exitCode ?? holder.signalCode).toBe(null);
        expect(end.record.changes.find(({ step }) => step === 'createVethPair')?.status).toBe('reverted');
      } finally {
        holder.kill('SIGKILL');
        await once(holder, 'exit');
      }
    }));
});
