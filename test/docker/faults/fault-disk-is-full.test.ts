import { rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';
import { expect, test, vi } from 'vitest';
import { expectNoStackTrace } from '../../support/command/refusal.ts';
import { refusalSchema, runRecordSchema } from '../../support/command/run-record.ts';
import { openProject } from '../../support/command/run-wf.ts';
import type { RunningWf } from '../../support/command/wf-process.ts';
import { describeDocker } from '../../support/engines/docker-tests.ts';
import { hostState } from '../../support/host/host-state.ts';
import { mountSmallDisk, type SmallDisk } from '../../support/host/small-disk.ts';
import { testProgram } from '../../support/programs/test-program.ts';
import { chosen } from '../../support/rotation.ts';
import { startLab } from '../../support/workflows/lab.ts';
import { expectAllUndone, leavingTheHostAsItWas, pausedAfter } from '../../support/workflows/paused-lab.ts';

describeDocker('a full or read-only disk', () => {
  const moments = [
    ['after the first network', /^setup {2}create(Dev|Prod)Network .* ok /],
    ['during teardown', /^teardown {2}removeAppProd .* ok /],
  ] as const;
  test.for(chosen(moments))('fails the run %s, and the reserve lets wf undo and record it', async ([, line]) => {
    await leavingTheHostAsItWas(async () => {
      const { project, options, disk } = await openOnSmallDisk();
      const lab = project.start(startLab({}, '--id', 'lab', '--json'), options);
      await lab.haltAt(line);
      await leaveNoRoom(lab, disk);
      lab.kill('SIGCONT');
      const end = await lab.end;
      expectNoStackTrace(end);
      const record = runRecordSchema.parse(end.json());
      expect({ exitCode: end.exitCode, status: record.status }).toEqual({ exitCode: 1, status: 'rolled-back' });
      expect(record.error).toMatchObject({ code: 'E_DISK_FULL', message: expect.stringContaining('wf.db') });
      expectAllUndone(record);
      expect(disk.names()).not.toContain('wf.db-reserve');
      // Once there is room, the whole record is readable.
      disk.makeRoom();
      const shown = await project.wf(['show', 'lab', '--json'], options);
      expect(runRecordSchema.parse(shown.json())).toEqual(record);
    });
  });

  test('does not prevent an undo without a reserve, and rollback completes the record once there is room', () =>
    leavingTheHostAsItWas(async () => {
      const before = await hostState();
      const { project, options, disk } = await openOnSmallDisk();
      const lab = project.start(startLab({}, '--id', 'lab', '--json'), options);
      await lab.haltAt(/^vethSplice {2}enslaveHostLink .* ok /);
      rmSync(disk.at('wf.db-reserve'));
      await leaveNoRoom(lab, disk);
      lab.kill('SIGCONT');
      const end = await lab.end;
      expect(await hostState()).toEqual(before);
      // The record does not prove that the host is restored: exit code 5.
      expect(end.exitCode).toBe(5);
      expect(refusalSchema.parse(end.json()).error).toMatchObject({
        code: 'E_DISK_FULL',
        message: expect.stringContaining('too full to record'),
        hint: expect.stringContaining('`wf rollback lab '),
      });
      // The undo is complete: there is nothing to resume.
      expect(end.stderr).not.toMatch(/stopped there|wf resume/);
      disk.makeRoom();
      const rolledBack = await project.wf(['rollback', 'lab', '--json'], options);
      expect(rolledBack.exitCode).toBe(0);
      const record = runRecordSchema.parse(rolledBack.json());
      expect(record.status).toBe('rolled-back');
      expectAllUndone(record);
    }));

  test('prevents the resume of a paused run, and the reserve lets a new process roll it back', () =>
    leavingTheHostAsItWas(async () => {
      const { project, options, disk } = await openOnSmallDisk();
      const lab = await pausedAfter('vethSplice', { project, ...options });
      const paused = await hostState();
      const expectRefused = async (verb: 'resume' | 'rollback', code: string) => {
        const refused = await project.wf([verb, 'lab', '--json'], options);
        expectNoStackTrace(refused);
        expect({ exitCode: refused.exitCode, code: refusalSchema.parse(refused.json()).error.code }).toEqual({
          exitCode: 3,
          code,
        });
        expect(await hostState()).toEqual(paused);
      };
      await disk.remount('ro');
      await expectRefused('resume', 'E_DATABASE_READONLY');
      await expectRefused('rollback', 'E_DATABASE_READONLY');
      await disk.remount('rw');
      disk.fill();
      await expectRefused('resume', 'E_DISK_FULL');

      const end = await lab.rollBack();
      expect({ exitCode: end.exitCode, status: end.record.status }).toEqual({ exitCode: 0, status: 'rolled-back' });
      expectAllUndone(end.record);
      disk.makeRoom();
      expect(runRecordSchema.parse((await project.wf(['show', 'lab', '--json'], options)).json())).toEqual(end.record);
    }));

  test('prevents a start', () =>
    leavingTheHostAsItWas(async () => {
      const { project, options, disk } = await openOnSmallDisk();
      disk.fill();
      const refused = await project.wf(startLab({}, '--json'), options);
      expect(refused.exitCode, refused.stdout).toBe(3);
      expect(refusalSchema.parse(refused.json()).error).toMatchObject({
        code: 'E_DISK_FULL',
        hint: expect.stringContaining('Free some space'),
      });
    }));
});

/** Fills the log of a stopped wf, then its disk: a write into free space of the log needs no room on the disk. */
async function leaveNoRoom(lab: RunningWf, disk: SmallDisk): Promise<void> {
  const [file = '', ...through] = disk.through;
  const argv = [...through, process.execPath, testProgram('history/fill-log'), path.join(disk.folder, 'wf.db')];
  await vi.waitUntil(
    async () => {
      const { exitCode, stderr } = await execa(file, argv, { reject: false });
      if (exitCode === 0) return true;
      expect({ exitCode, stderr }).toEqual({ exitCode: 75, stderr: '' });
      // wf was halted during a commit.
      lab.kill('SIGCONT');
      await setTimeout(2);
      lab.kill('SIGSTOP');
      return false;
    },
    { timeout: 20_000, interval: 0 },
  );
  disk.fill();
}

async function openOnSmallDisk() {
  const project = openProject();
  const disk = await mountSmallDisk(path.join(project.folder, 'disk'), 24);
  const options = { through: disk.through, env: { WF_DB: path.join(disk.folder, 'wf.db') } };
  return { project, disk, options };
}
