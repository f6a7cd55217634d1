import { readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import type { RunId } from '../../engine/model/ids.ts';
import { systemClock } from '../machine/clock.ts';
import { ownPidNamespace, ownProcess } from '../processes/process.ts';
import { isLivenessSocketOpen, openLivenessSocket } from './liveness-socket.ts';
import { lockFolder } from './lock-folder.ts';
import {
  type LockHolder,
  readRow,
  removeEarlierTables,
  removeRow,
  removeRowsOf,
  signsIn,
  takeRow,
} from './lock-table.ts';

/** A lock, owned until its release or the end of the process. */
export interface LockHandle {
  release(): void;
}

/**
 * Takes a lock for a run, or returns its owner. Locks are per user and machine, across databases, network and PID namespaces: a
 * lock is a row with its owner's liveness socket. It is valid while the kernel keeps that socket open, so a killed owner needs no
 * time-out.
 */
export async function takeLock(lock: string, run: RunId): Promise<LockHandle | LockHolder> {
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

/** Returns the owner of a lock; null if no live process has it. */
export async function lockHolder(lock: string): Promise<LockHolder | null> {
  const folder = lockFolder();
  const holder = readRow(folder, lock);
  return holder !== null && (await isLivenessSocketOpen(folder, holder.sign)) ? holder : null;
}

export function isHolder(answer: LockHandle | LockHolder): answer is LockHolder {
  return 'sign' in answer;
}

async function lives(folder: string, sign: string, own: string): Promise<boolean> {
  return sign === own || isLivenessSocketOpen(folder, sign);
}

/** The socket of a dead process never opens again. */
function forget(folder: string, sign: string): void {
  removeRowsOf(folder, sign);
  rmSync(path.join(folder, path.basename(sign)), { force: true });
}

let isSwept = false;

/** Removes the locks of killed processes, once per process: no process may ever ask for those runs again. */
async function forgetDead(folder: string): Promise<void> {
  if (isSwept) return;
  isSwept = true;
  removeEarlierTables(folder);
  const signs = [...new Set([...signsIn(folder), ...settledSigns(folder)])];
  const up = await Promise.all(signs.map((sign) => isLivenessSocketOpen(folder, sign)));
  for (const [index, sign] of signs.entries()) if (up[index] === false) forget(folder, sign);
}

/** A socket refuses connections between bind and listen: a younger one may belong to a process that is about to take a lock. */
const SETTLED_MS = 60_000;

function settledSigns(folder: string): readonly string[] {
  return readdirSync(folder).filter((name) => {
    const made = statSync(path.join(folder, name), { throwIfNoEntry: false });
    return made?.isSocket() === true && systemClock.now() - made.mtimeMs > SETTLED_MS;
  });
}
