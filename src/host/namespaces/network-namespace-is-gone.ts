import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { errnoOf } from '../machine/errno.ts';
import { allPids, isInFirstPidNamespace } from '../processes/process.ts';

/**
 * Returns whether a network namespace of this boot has certainly ended: no process is in it, and no mount or open file keeps it.
 * Only root in the machine's first PID namespace sees all of that; for anybody else it returns false.
 */
export function networkNamespaceIsGone(inode: number): boolean {
  if (!isInFirstPidNamespace()) return false;
  const link = `net:[${inode}]`;
  return allPids().every((pid) => pid === FIRST_PROCESS || keepsNothing(pid, link));
}

/** Its namespaces last as long as the machine, and even root may not be able to read them. */
const FIRST_PROCESS = 1;

/** Also returns false if that is unknown. */
function keepsNothing(pid: number, link: string): boolean {
  const folder = `/proc/${pid}`;
  try {
    if (readlinkSync(`${folder}/ns/net`) === link) return false;
    // mountinfo has the root of a mounted namespace in this form.
    if (readFileSync(`${folder}/mountinfo`, 'utf8').includes(` ${link} `)) return false;
    return readdirSync(`${folder}/fd`).every((descriptor) => targetOf(`${folder}/fd/${descriptor}`) !== link);
  } catch (thrown) {
    return hasEnded(thrown);
  }
}

/** Returns undefined if the descriptor is closed by now. */
function targetOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

/** EINVAL: a zombie process has no mounts. */
function hasEnded(thrown: unknown): boolean {
  const errno = errnoOf(thrown);
  return errno === 'ENOENT' || errno === 'ESRCH' || errno === 'EINVAL';
}
