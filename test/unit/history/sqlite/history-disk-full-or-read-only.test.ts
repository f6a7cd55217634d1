import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { OWN_MOUNTS, startChild } from '../../../fixtures/history/child.ts';
import { temporaryFolder } from '../../../fixtures/history/temporary.ts';

/** Containers often forbid mounts altogether. */
function canMount(): boolean {
  const [program = '', ...args] = OWN_MOUNTS;
  try {
    execFileSync(program, [...args, 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function reportOf(fixture: string): Promise<unknown> {
  const child = startChild(fixture, [temporaryFolder()], OWN_MOUNTS);
  expect(await child.ended).toBe(0);
  return JSON.parse(child.lines.join(''));
}

test.skipIf(!canMount())('a full disk is reported, loses nothing, and works again once there is space', async () => {
  const report = z.record(z.string(), z.unknown()).parse(await reportOf('history/full-disk'));
  const appended = Number(report['appendedWhenFull']);
  expect(appended).toBeGreaterThan(0);
  expect(report).toEqual({
    code: 'E_DISK_FULL',
    appendedWhenFull: appended,
    entriesWhenFull: appended,
    stepsWhenFull: appended,
    entriesAfterwards: appended + 1,
    codeOfOpening: 'E_DISK_FULL',
    codeOfNewDatabase: 'E_DISK_FULL',
  });
});

test.skipIf(!canMount())('the reserve has room for the journal of a rollback on a full disk', async () => {
  expect(await reportOf('history/rollback-on-full-disk')).toEqual({
    codeOfAppending: 'E_DISK_FULL',
    halfWritten: { entries: 0, steps: 0, evidence: 0 },
    codeOfRollingBackWithoutReserve: 'E_DISK_FULL',
    freed: true,
    open: { status: 'rolled-back', changesInPlace: 0 },
    freedAgain: false,
    reserveMode: 0o600,
    reserveIsAllocated: true,
    codeOfOpening: 'E_DISK_FULL',
    codeOfReading: 'E_DISK_FULL',
    runsRead: 3,
    closed: { status: 'rolled-back', changesInPlace: 0 },
    unasked: { status: 'rolled-back', changesInPlace: 0 },
    freedOnceThereIsRoom: true,
  });
});

test.skipIf(!canMount())('a read-only file or folder is reported before anything is written', async () => {
  const readOnly = { code: 'E_DATABASE_READONLY', hint: expect.stringContaining('--db') };
  expect(await reportOf('history/read-only')).toMatchObject({
    file: { ...readOnly, message: expect.stringContaining('the file is read-only') },
    wholeFolder: { ...readOnly, message: expect.stringContaining('read-only') },
    newFile: readOnly,
    newFolder: readOnly,
    reading: readOnly,
  });
});
