import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { sha256 } from '../../engine/model/digest.ts';
import type { RunId } from '../../engine/model/ids.ts';

/**
 * Announces to every user of this machine that this process advances a run: the kernel lists the name of an abstract socket until
 * the process ends. The returned function closes the socket.
 */
export function announceRun(run: RunId): Promise<() => void> {
  const name = `\0${nameOf(run)}.${randomBytes(8).toString('hex')}`;
  const server = process.getBuiltinModule('node:net').createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(name, () => resolve(() => void server.close())).unref();
  });
}

/**
 * Returns whether a process in this network namespace announces a run. Any user can forge that: it is a reason to leave the run's
 * objects alone, but no proof.
 */
export function isAnnounced(run: RunId): boolean {
  // Node 20 fills the name with zeros, which the kernel prints as `@`.
  const sign = new RegExp(`@${nameOf(run)}\\.[0-9a-f]{16}@*$`, 'm');
  return sign.test(readFileSync('/proc/self/net/unix', 'utf8'));
}

/** A run id is too long for the name of a socket. */
function nameOf(run: RunId): string {
  return `wf-run.${sha256(run).slice(0, 16)}`;
}
