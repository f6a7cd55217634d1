import { execa } from 'execa';
import { expect } from 'vitest';
import { describeDocker } from '../../support/engines/docker-tests.ts';
import { tool } from '../../support/host/host-state.ts';
import { testsInTurn } from '../../support/tests-in-turn.ts';
import { expectFailedAndUndone, leavingTheHostAsItWas, pausedAfter } from '../../support/workflows/paused-lab.ts';

describeDocker('foreign changes of the firewall during a run', () => {
  const everySecond = testsInTurn(2);
  everySecond("fail the isolation probe if Docker's chains are flushed, as by a reload of firewalld", () =>
    leavingTheHostAsItWas(async () => {
      const rules = await tool('iptables-save');
      const lab = await pausedAfter('setup');
      try {
        for (const chain of ['DOCKER-ISOLATION-STAGE-1', 'DOCKER-ISOLATION-STAGE-2', 'FORWARD']) {
          await tool('iptables', '--flush', chain);
        }
        await tool('iptables', '--policy', 'FORWARD', 'ACCEPT');
        const end = await lab.resume();
        // The attempts run side by side: the error names the first one with an answer.
        expectFailedAndUndone(end, {
          code: 'E_PROBE_ANSWERED',
          message: [/\d of 3 pings from AppDev|answered AppDev/],
        });
        const wiped = end.record.verification?.drift.filter(({ subject }) => subject.includes('DOCKER-ISOLATION'));
        expect(wiped?.length).toBeGreaterThan(0);
      } finally {
        await execa('iptables-restore', { input: rules });
      }
    }),
  );

  everySecond('fail the probe if FORWARD drops bridged packets, with a hint at bridge-nf-call-iptables', () =>
    leavingTheHostAsItWas(async () => {
      const lab = await pausedAfter('vethSplice');
      const rule = ['FORWARD', '--match', 'physdev', '--physdev-is-bridged', '--jump', 'DROP'];
      expect(await tool('sysctl', '--values', 'net.bridge.bridge-nf-call-iptables')).toBe('1');
      await tool('iptables', '--insert', ...rule);
      try {
        const end = await lab.resume();
        expectFailedAndUndone(end, { code: 'E_PROBE_FAILED', message: [] });
        expect(end.record.error?.hint).toContain('bridge-nf-call-iptables');
        expect(end.record.verification?.drift.map(({ subject }) => subject)).toContainEqual(
          expect.stringContaining('physdev-is-bridged'),
        );
      } finally {
        await tool('iptables', '--delete', ...rule);
      }
    }),
  );
});
