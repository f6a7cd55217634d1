import { execa } from 'execa';
import { expect, test } from 'vitest';
import { describeDocker } from '../support/docker-tests.ts';
import { tool } from '../support/host-state.ts';
import { expectFailedAndUndone, leavingTheHostAsItWas, pausedAfter } from '../support/paused-lab.ts';

describeDocker('firewall rules that somebody else changes while a run is under way', () => {
  test("Docker's chains are wiped, as a reload of firewalld does: isolation is probed, and not believed", () =>
    leavingTheHostAsItWas(async () => {
      const rules = await tool('iptables-save');
      const lab = await pausedAfter('setup');
      try {
        for (const chain of ['DOCKER-ISOLATION-STAGE-1', 'DOCKER-ISOLATION-STAGE-2', 'FORWARD']) {
          await tool('iptables', '--flush', chain);
        }
        await tool('iptables', '--policy', 'FORWARD', 'ACCEPT');
        const end = await lab.resume();
        // The attempts are made side by side: the first that is answered is told.
        expectFailedAndUndone(end, { code: 'E_PROBE_ANSWERED', says: [/\d of 3 pings from AppDev|answered AppDev/] });
        const wiped = end.record.verification?.drift.filter(({ subject }) => subject.includes('DOCKER-ISOLATION'));
        expect(wiped?.length).toBeGreaterThan(0);
      } finally {
        await execa('iptables-restore', { input: rules });
      }
    }));

  test('FORWARD drops what is bridged, with bridge-nf-call-iptables: the probe fails, and says where to look', () =>
    leavingTheHostAsItWas(async () => {
      const lab = await pausedAfter('vethSplice');
      const rule = ['FORWARD', '--match', 'physdev', '--physdev-is-bridged', '--jump', 'DROP'];
      expect(await tool('sysctl', '--values', 'net.bridge.bridge-nf-call-iptables')).toBe('1');
      await tool('iptables', '--insert', ...rule);
      try {
        const end = await lab.resume();
        expectFailedAndUndone(end, { code: 'E_PROBE_FAILED', says: [] });
        expect(end.record.error?.hint).toContain('bridge-nf-call-iptables');
        expect(end.record.verification?.drift.map(({ subject }) => subject)).toContainEqual(
          expect.stringContaining('physdev-is-bridged'),
        );
      } finally {
        await tool('iptables', '--delete', ...rule);
      }
    }));
});
