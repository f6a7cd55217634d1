import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { errnoOf } from '../machine/errno.ts';
import { allPids, isInFirstPidNamespace } from '../processes/process.ts';

/**
 * Whether it is certain that a network namespace of this boot has ended: no process is in it, and no mount and no open file keeps it. Only
 * root in the machine's first PID namespace sees all of that; anybody else gets false.
 */
export function networkNamespaceIsGone(inode: number): boolean {
  if (!isInFirstPidNamespace()) return false;
  const link = `net:[${inode}]`;
  return allPids().every((pid) => pid === FIRST_PROCESS || keepsNothing(pid, link));
}

/** It is in namespaces that do not end before the machine does, and may be closed to root, too. */
const FIRST_PROCESS = 1;

/** False also where that cannot be told. */
function keepsNothing(pid: number, link: string): boolean {
  const folder = `/proc/${pid}`;
  try {
    if (readlinkSync(`${folder}/ns/net`) === link) return false;
    // As mountinfo writes the root of a mounted namespace.
    if (readFileSync(`${folder}/mountinfo`, 'utf8').includes(` ${link} `)) return false;
    return readdirSync(`${folder}/fd`).every((descriptor) => targetOf(`${folder}/fd/${descriptor}`) !== link);
  } catch (thrown) {
    return hasEnded(thrown);
  }
}

/** Undefined where the descriptor is closed by now. */
function targetOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

/** EINVAL: a process that has ended and waits to be reaped has no mounts. */
function hasEnded(thrown: unknown): boolean {
  const errno = errnoOf(thrown);
  return errno === 'ENOENT' || errno === 'ESRCH' || errno === 'EINVAL';
}
