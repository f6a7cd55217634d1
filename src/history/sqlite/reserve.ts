import fs from 'node:fs';
import { WfError } from '../../engine/model/errors.ts';
import type { ConnectOptions } from './connect.ts';
import { withDatabaseErrors } from './database-error.ts';
import { reserveOf } from './side-files.ts';

/**
 * Space for the journal of a rollback on a full disk. Undoing 15 changes with three outputs of 16 KiB each lets `-wal` and `-shm` grow
 * to 1.4 MiB.
 */
const RESERVE_BYTES = 2 * 1024 * 1024;

/** Free space below which wf creates no reserve, to leave that space to other processes. */
const ROOM_BYTES = 4 * RESERVE_BYTES;

/**
 * Creates the reserve beside the database, unless it exists or there is no room. Its content is random, so that no file system stores it
 * in less than its size.
 */
export function keepReserve(path: string): void {
  const reserve = reserveOf(path);
  const found = fs.lstatSync(reserve, { throwIfNoEntry: false });
  if (found !== undefined && found.size >= RESERVE_BYTES) return;
  const { bavail, bsize } = fs.statfsSync(path);
  if (bavail * bsize < ROOM_BYTES) return;
  try {
    // A killed process left a file that is too short.
    fs.rmSync(reserve, { force: true });
    fs.writeFileSync(reserve, process.getBuiltinModule('node:crypto').randomBytes(RESERVE_BYTES), {
      flag: 'wx',
      mode: 0o600,
    });
  } catch (thrown) {
    // Another process is creating it.
    if (isErrno(thrown, 'EEXIST')) return;
    fs.rmSync(reserve, { force: true });
  }
}

/** Removes the reserve. Returns false if there was none. */
export function freeReserve(path: string): boolean {
  try {
    fs.unlinkSync(reserveOf(path));
    return true;
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT')) return false;
    throw thrown;
  }
}

/** Runs `work`. If the disk is full and the options allow it, removes the reserve and runs `work` again. */
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
