import { rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';
import { expect, test, vi } from 'vitest';
import { expectNoStackTrace } from '../../support/command/refusal.ts';
import { refusalSchema, runRecordSchema } from '../../support/command/run-record.ts';
import type { Project } from '../../support/command/run-wf.ts';
import type { RunningWf } from '../../support/command/wf-process.ts';
import { describeDocker } from '../../support/engines/docker-tests.ts';
import { mountSmallDisk, type SmallDisk } from '../../support/host/small-disk.ts';
import { testProgram } from '../../support/programs/test-program.ts';
import { chosen } from '../../support/rotation.ts';
import { foldersRun, openFoldersProject } from '../../support/workflows/folders.ts';
import { startLab } from '../../support/workflows/lab.ts';
import { expectAllUndone, leavingTheHostAsItWas } from '../../support/workflows/paused-lab.ts';

describeDocker('a full or read-only disk', () => {
  const moments = [
    ['after the first network', /^setup {2}create(Dev|Prod)Network .* ok /],
    ['during teardown', /^teardown {2}removeAppProd .* ok /],
  ] as const;
  test.for(chosen(moments))('fails the run %s, and the reserve lets wf undo and record it', async ([, line]) => {
    await leavingTheHostAsItWas(async () => {
      const { project, disk } = await openOnSmallDisk();
      const lab = project.start(startLab({}, '--id', 'lab', '--json'));
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
      expect((await project.wf(['show', 'lab', '--json'])).json()).toEqual(record);
    });
  });

  test('does not prevent an undo without a reserve, and rollback completes the record once there is room', async () => {
    const { project, disk } = await openOnSmallDisk();
    const run = foldersRun(project);
    run.go();
    const wf = run.start('--json');
    await wf.haltAt(/^second {2}makeTwo .* ok /);
    rmSync(disk.at('wf.db-reserve'));
    await leaveNoRoom(wf, disk);
    wf.kill('SIGCONT');
    const end = await wf.end;
    expect(run.folders()).toEqual([]);
    // The record does not prove that the host is restored: exit code 5.
    expect(end.exitCode).toBe(5);
    expect(refusalSchema.parse(end.json()).error).toMatchObject({
      code: 'E_DISK_FULL',
      message: expect.stringContaining('too full to record'),
      hint: expect.stringContaining(`\`wf rollback ${run.id} `),
    });
    // The undo is complete: there is nothing to resume.
    expect(end.stderr).not.toMatch(/stopped there|wf resume/);
    const undone = run.log();
    disk.makeRoom();
    const rolledBack = await project.wf(['rollback', run.id, '--json']);
    expect(rolledBack.exitCode, rolledBack.stderr).toBe(0);
    const record = runRecordSchema.parse(rolledBack.json());
    expect(record.status).toBe('rolled-back');
    expectAllUndone(record);
    expect(run.log()).toEqual(undone);
  });

  test('prevents the resume of a paused run, and the reserve lets a new process roll it back', async () => {
    const { project, disk } = await openOnSmallDisk();
    const run = foldersRun(project);
    expect(await run.start('--pause-after', 'first').end).toMatchObject({ exitCode: 0 });
    const expectRefused = async (args: readonly string[], error: object) => {
      const refused = await project.wf([...args, '--json']);
      expectNoStackTrace(refused);
      expect({ exitCode: refused.exitCode, error: refusalSchema.parse(refused.json()).error }).toMatchObject({
        exitCode: 3,
        error,
      });
      expect(run.folders()).toEqual(['one']);
    };
    await disk.remount('ro');
    for (const verb of ['resume', 'rollback']) await expectRefused([verb, run.id], { code: 'E_DATABASE_READONLY' });
    await disk.remount('rw');
    disk.fill();
    await expectRefused(['resume', run.id], { code: 'E_DISK_FULL' });

    const rolledBack = await project.wf(['rollback', run.id, '--json']);
    const record = runRecordSchema.parse(rolledBack.json());
    expect({ exitCode: rolledBack.exitCode, status: record.status }).toEqual({ exitCode: 0, status: 'rolled-back' });
    expectAllUndone(record);
    expect(run.folders()).toEqual([]);
    disk.makeRoom();
    expect((await project.wf(['show', run.id, '--json'])).json()).toEqual(record);
  });

  test('prevents a start', async () => {
    const { project, disk } = await openOnSmallDisk();
    disk.fill();
    const refused = await foldersRun(project).start('--json').end;
    expect(refused.exitCode, refused.stdout).toBe(3);
    expect(refusalSchema.parse(refused.json()).error).toMatchObject({
      code: 'E_DISK_FULL',
      hint: expect.stringContaining('Free some space'),
    });
  });
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

/** A project whose database is on a disk of 24 MiB. */
async function openOnSmallDisk() {
  const onLargeDisk = openFoldersProject();
  const disk = await mountSmallDisk(path.join(onLargeDisk.folder, 'disk'), 24);
  const onDisk = { through: disk.through, env: { WF_DB: path.join(disk.folder, 'wf.db') } };
  const start: Project['start'] = (args) => onLargeDisk.start(args, onDisk);
  const project: Project = { ...onLargeDisk, start, wf: (args) => start(args).end };
  return { project, disk };
}
