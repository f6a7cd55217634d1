import { readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import type { RunId } from '../../engine/model/ids.ts';
import { systemClock } from '../machine/clock.ts';
import { ownPidNamespace, ownProcess } from '../processes/process.ts';
import { isLivenessSocketOpen, openLivenessSocket } from './liveness-socket.ts';
import { lockFolder } from './lock-folder.ts';
import { type LockHolder, readRow, removeRow, removeRowsOf, signsIn, takeRow } from './lock-table.ts';

/** A lock that is held until it is released, or the process ends. */
export interface HeldLock {
  release(): void;
}

/**
 * Takes a lock for a run, or returns who holds it. A lock is one of this user on this machine, whatever databases, network or pid
 * namespaces its processes work in: a row that names its holder's sign of life. It counts as long as the kernel keeps that up, so that
 * nothing has to be waited for where a holder was killed.
 */
export async function takeLock(lock: string, run: RunId): Promise<HeldLock | LockHolder> {
  const folder = lockFolder();
  const sign = await openLivenessSocket(folder);
  await forgetDead(folder);
  const { pid, startTime } = ownProcess();
  const own: LockHolder = { sign, run, pid, startTime, pidNamespace: ownPidNamespace() };
  for (;;) {
    const holder = takeRow(folder, lock, own);
    if (holder === null) return { release: () => removeRow(folder, lock, sign) };
    if (await lives(folder, holder.sign, sign)) return holder;
    forget(folder, holder.sign);
  }
}

/** Who holds a lock; null where nobody alive does. */
export async function lockHolder(lock: string): Promise<LockHolder | null> {
  const folder = lockFolder();
  const holder = readRow(folder, lock);
  return holder !== null && (await isLivenessSocketOpen(folder, holder.sign)) ? holder : null;
}

export function isHolder(answer: HeldLock | LockHolder): answer is LockHolder {
  return 'sign' in answer;
}

async function lives(folder: string, sign: string, own: string): Promise<boolean> {
  return sign === own || isLivenessSocketOpen(folder, sign);
}

/** A dead process's sign is never up again. */
function forget(folder: string, sign: string): void {
  removeRowsOf(folder, sign);
  rmSync(path.join(folder, path.basename(sign)), { force: true });
}

let isSwept = false;

/** Removes the locks of killed processes, once for each process: nobody may ever ask for their runs again. */
async function forgetDead(folder: string): Promise<void> {
  if (isSwept) return;
  isSwept = true;
  const signs = [...new Set([...signsIn(folder), ...settledSigns(folder)])];
  const up = await Promise.all(signs.map((sign) => isLivenessSocketOpen(folder, sign)));
  for (const [index, sign] of signs.entries()) if (up[index] === false) forget(folder, sign);
}

/** A socket refuses between its making and its first listening: a younger one may belong to a process that is about to take a lock. */
const SETTLED_MS = 60_000;

function settledSigns(folder: string): readonly string[] {
  return readdirSync(folder).filter((name) => {
    const made = statSync(path.join(folder, name), { throwIfNoEntry: false });
    return made?.isSocket() === true && systemClock.now() - made.mtimeMs > SETTLED_MS;
  });
}
