import { promises } from 'node:fs';
import { join } from 'node:path';
import { WfError } from '../../../../engine/model/errors.ts';
import { pause } from '../../../../engine/ports/clock.ts';
import { systemClock } from '../../../../host/machine/clock.ts';
import { errnoOf } from '../../../../host/machine/errno.ts';
import { engineCgroup } from '../../protocol/engine.ts';

const MOUNT_POINT = '/sys/fs/cgroup';
const POLL_MS = 10;
/** The kernel empties a cgroup within milliseconds after the end of its processes; the rest is for an overloaded machine. */
const LIMIT_MS = 5_000;

/**
 * Removes the cgroups of the containers of an ended private host, which the kernel keeps. Succeeds if there are none.
 * @throws WfError E_RESIDUE if one remains
 */
export async function removeEngineCgroups(mark: string): Promise<void> {
  // The unified hierarchy, or one per controller.
  const mounted = [MOUNT_POINT, ...(await foldersIn(MOUNT_POINT)).map((name) => join(MOUNT_POINT, name))];
  for (const root of mounted) {
    const path = join(root, engineCgroup(mark));
    for (let waitedMs = 0; !(await removed(path)); waitedMs += POLL_MS) {
      if (waitedMs >= LIMIT_MS) throw remains(path);
      await pause(systemClock, POLL_MS);
    }
  }
}

/** Removes a cgroup. Returns whether it is gone. */
async function removed(path: string): Promise<boolean> {
  const inner = await Promise.all((await foldersIn(path)).map((name) => removed(join(path, name))));
  if (inner.includes(false)) return false;
  try {
    await promises.rmdir(path);
    return true;
  } catch (thrown) {
    return errnoOf(thrown) === 'ENOENT';
  }
}

async function foldersIn(path: string): Promise<readonly string[]> {
  try {
    const entries = await promises.readdir(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === 'ENOENT' || errno === 'EACCES') return [];
    throw thrown;
  }
}

function remains(path: string): WfError {
  return new WfError('E_RESIDUE', `the cgroup ${path} of an ended private host cannot be removed`, {
    hint: `Check which processes are in it with \`cat ${path}/cgroup.procs\`; end them, then remove it with \`rmdir\`.`,
    details: { path },
  });
}
