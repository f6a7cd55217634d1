import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { sha256 } from '../../engine/model/digest.ts';
import type { RunId } from '../../engine/model/ids.ts';
import { lockFolder } from './lock-folder.ts';

/**
 * Announces to every user of this machine that this process advances a run: the kernel lists the socket by its path until the
 * process ends. The returned function closes the socket.
 */
export function announceRun(run: RunId): Promise<() => void> {
  const name = `${digestOf(run)}.${randomBytes(8).toString('hex')}.run`;
  const server = process.getBuiltinModule('node:net').createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(path.join(lockFolder(), name), () => resolve(() => void server.close())).unref();
  });
}

/**
 * Returns whether a process in this network namespace announces a run. Any user can forge that: it is a reason to leave the run's
 * objects alone, and no proof.
 */
export function isAnnounced(run: RunId): boolean {
  const sign = new RegExp(`/${digestOf(run)}\\.[0-9a-f]{16}\\.run$`, 'm');
  return sign.test(readFileSync('/proc/self/net/unix', 'utf8'));
}

/** A run id is too long for the path of a socket. */
function digestOf(run: RunId): string {
  return sha256(run).slice(0, 16);
}
