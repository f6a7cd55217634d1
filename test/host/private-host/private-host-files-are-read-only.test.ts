import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { canActAsOrdinaryUser, ORDINARY_USER } from '../../support/command/ordinary-user.ts';
import { describeOwnNetwork, eventually } from '../../support/host/own-network.ts';
import {
  markedPids,
  type PrivateHostUser,
  privateHostUser,
  USERS,
  type User,
} from '../../support/host/private-host.ts';

const PATIENCE_MS = 20_000;
let marks = 0;

async function startHost(user: User): Promise<PrivateHostUser> {
  marks += 1;
  const mark = `files-${process.pid}-${marks}@${marks}`;
  const wf = privateHostUser(user);
  onTestFinished(async () => {
    await wf.kill(); // a host that is not yet kept ends with its wf
    await eventually(() => markedPids(mark).length === 0, PATIENCE_MS);
  });
  await wf.start(mark);
  return wf;
}

/** A folder of the machine that everybody may write to. */
function openFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'wf-files-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o777);
  return folder;
}

describeOwnNetwork('the files of the machine in a private host', () => {
  describe.each(USERS)('as %s', (user) => {
    describe.skipIf(user !== 'root' && !canActAsOrdinaryUser())('in a readable checkout', () => {
      it('are readable but not writable for a command, a container and an entered process', {
        timeout: 60_000,
      }, async () => {
        const folder = openFolder();
        const file = path.join(folder, 'there');
        writeFileSync(file, 'unaltered\n');
        chmodSync(file, 0o666);
        const wf = await startHost(user);
        const container = await wf.run('AppDev', await wf.createNetwork('devops'), 'alpine', ['sleep', '60']);
        const write = ['sh', '-c', `cat ${file}; echo altered >${file}; rm ${file}; : >${folder}/new`];
        const readOnly = /^unaltered[\s\S]*Read-only file system[\s\S]*Read-only file system/;
        const commanded = await wf.command(write, { cwd: folder });
        expect(commanded.stdout + commanded.stderr).toMatch(readOnly);
        for (const pid of [null, container.pid]) {
          const entered = await wf.enter(write, pid);
          expect(entered.stdout + entered.stderr).toMatch(readOnly);
        }
        expect(await wf.docker('exec', container.id, write, 5_000)).toMatchObject({
          output: expect.stringMatching(readOnly),
        });
        expect(existsSync(path.join(folder, 'new'))).toBe(false);
        expect(statSync(file).size).toBe('unaltered\n'.length);
      });

      it('are separate from its own files and network settings', { timeout: 60_000 }, async () => {
        const wf = await startHost(user);
        const script = `set -e; echo a >$TMPDIR/f; echo b >/run/f; echo c >/dev/shm/wf-own; cat $TMPDIR/f /run/f /dev/shm/wf-own
          echo 1 >/proc/sys/net/ipv4/conf/all/log_martians; cat /proc/sys/net/ipv4/conf/all/log_martians >/dev/null; echo done`;
        expect(await wf.command(['sh', '-c', script])).toMatchObject({ stdout: 'a\nb\nc\ndone\n', stderr: '' });
        for (const own of ['/run/f', '/dev/shm/wf-own']) expect(existsSync(own), own).toBe(false);
      });
    });
  });

  it.skipIf(ORDINARY_USER.length === 0)(
    'are protected from root too: it reaches no kernel settings, cgroups or disks',
    { timeout: 60_000 },
    async () => {
      const wf = await startHost('root');
      const tries = [
        'cat /proc/sys/kernel/printk >/run/printk; cat /run/printk >/proc/sys/kernel/printk',
        'echo h >/proc/sysrq-trigger',
        'mkdir /sys/fs/cgroup/wf-tried',
        ': >/dev/wf-tried && test -b /dev/vda -o -b /dev/sda -o -b /dev/nvme0n1',
      ];
      for (const tried of tries) {
        const { end, stderr } = await wf.command(['sh', '-c', tried]);
        expect(end, `${tried}: ${stderr}`).not.toEqual({ type: 'exited', exitCode: 0 });
      }
      expect(existsSync('/dev/wf-tried')).toBe(false);
    },
  );
});
