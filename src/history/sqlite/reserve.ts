import fs from 'node:fs';
import { WfError } from '../../engine/errors.ts';
import { randomContent } from '../rows/compression.ts';
import type { ConnectOptions } from './connect.ts';
import { withDatabaseErrors } from './database-error.ts';
import { reserveOf } from './side-files.ts';

/**
 * What the journal of a rollback takes on a full disk. Undoing 15 changes with 16 KiB of output each, from opening to the end of
 * the run, lets `-wal` and `-shm` grow to 0.9 MiB; with three such outputs each to 1.4 MiB.
 */
const RESERVE_BYTES = 2 * 1024 * 1024;

/** With less than this free, no reserve is made: other processes may need right now what it would take. */
const ROOM_BYTES = 4 * RESERVE_BYTES;

/**
 * Keeps disk space in reserve beside the database, unless it is kept already or there is no room: then the history works
 * without. The content is random, so that no file system stores it in less than its size.
 */
export function keepReserve(path: string): void {
  const reserve = reserveOf(path);
  const found = fs.lstatSync(reserve, { throwIfNoEntry: false });
  if (found !== undefined && found.size >= RESERVE_BYTES) return;
  const { bavail, bsize } = fs.statfsSync(path);
  if (bavail * bsize < ROOM_BYTES) return;
  try {
    // What is too short was left by a process that was killed here.
    fs.rmSync(reserve, { force: true });
    fs.writeFileSync(reserve, randomContent(RESERVE_BYTES), { flag: 'wx', mode: 0o600 });
  } catch (thrown) {
    // Another process makes it at this moment.
    if (isErrno(thrown, 'EEXIST')) return;
    fs.rmSync(reserve, { force: true });
  }
}

/** Gives the reserve up. False where there was none. */
export function freeReserve(path: string): boolean {
  try {
    fs.unlinkSync(reserveOf(path));
    return true;
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT')) return false;
    throw thrown;
  }
}

/** Does `work`, and once more without the reserve where the disk is full, the options say so, and there was one. */
export function withReserve<Result>(path: string, options: ConnectOptions, work: () => Result): Result {
  try {
    return withDatabaseErrors(path, work);
  } catch (thrown) {
    const full = thrown instanceof WfError && thrown.code === 'E_DISK_FULL';
    if (!full || options.freeReserveOnFullDisk !== true) throw thrown;
    if (!withDatabaseErrors(path, () => freeReserve(fs.realpathSync(path)))) throw thrown;
    return withDatabaseErrors(path, work);
  }
}

function isErrno(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code;
}
