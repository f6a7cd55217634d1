import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { WfError } from '../../engine/model/errors.ts';
import type { Owner } from '../../engine/model/identity/owner.ts';
import type { FoundNamespace, HostNamespacePort } from '../../engine/ports/host-namespace.ts';
import { errnoOf } from '../machine/errno.ts';
import { isAlive, processOf } from '../processes/process.ts';

/** A namespace with a process that leads to it. */
export interface NamespaceOfProcess extends FoundNamespace {
  readonly process: Owner;
}

/**
 * Returns the network namespace that a process is in now.
 * @throws WfError E_NAMESPACE_GONE if the process is gone; E_PERMISSION if it belongs to another user.
 */
export function namespaceOfPid(pid: number): NamespaceOfProcess {
  const path = `/proc/${pid}/ns/net`;
  const process = processOf(pid);
  try {
    const inode = statSync(path).ino;
    // The result belongs to this process only if it is the same before and after the read.
    if (process === undefined || !isAlive(process)) throw processGone(pid);
    return { path, inode, process };
  } catch (thrown) {
    switch (errnoOf(thrown)) {
      case 'ENOENT':
      case 'ESRCH':
        throw processGone(pid, thrown);
      case 'EACCES':
      case 'EPERM':
        throw new WfError('E_PERMISSION', `permission denied for the network namespace of process ${pid}`, {
          hint: 'Run wf as root (`sudo wf ...`).',
          cause: thrown,
        });
      default:
        throw thrown;
    }
  }
}

/** Like namespaceOfPid, but returns null if the process is gone. @throws WfError E_PERMISSION */
export function findNamespaceOfPid(pid: number): NamespaceOfProcess | null {
  try {
    return namespaceOfPid(pid);
  } catch (thrown) {
    if (thrown instanceof WfError && thrown.code === 'E_NAMESPACE_GONE') return null;
    throw thrown;
  }
}

function processGone(pid: number, cause?: unknown): WfError {
  return new WfError('E_NAMESPACE_GONE', `process ${pid} is gone, and its network namespace is unreachable`, {
    hint: 'Check with `docker ps -a` whether the container still runs.',
    cause,
  });
}

/** Returns the network namespace that wf itself runs in. */
export function ownNetworkNamespace(): FoundNamespace {
  return namespaceOfPid(process.pid);
}

/** Port for wf's own network namespace as the host. */
export const machineNamespace: HostNamespacePort = {
  own: ownNetworkNamespace,
  holder: null,
  wayTo: netnsArgument,
  byHand: (commands) => commands,
};

/** Folder of the namespaces that `ip netns` has named. */
export const NAMED_NAMESPACES = '/run/netns';

const OF_FIRST_PROCESS = '/proc/1/ns/net';

/** Returns the path that leads to wf's own namespace even after wf has ended; null if wf can see none. */
export function nameOfOwnNamespace(): string | null {
  const { inode } = ownNetworkNamespace();
  if (inodeOf(OF_FIRST_PROCESS) === inode) return OF_FIRST_PROCESS;
  const names = existsSync(NAMED_NAMESPACES) ? readdirSync(NAMED_NAMESPACES) : [];
  return names.map((name) => join(NAMED_NAMESPACES, name)).find((named) => inodeOf(named) === inode) ?? null;
}

/**
 * Returns the argument of `ip link set ... netns` for wf's own namespace that stays valid after wf has ended: `1` if the first
 * process is in it, otherwise the path of its name, otherwise wf's pid.
 */
function netnsArgument(): string {
  const name = nameOfOwnNamespace();
  if (name !== null && name !== OF_FIRST_PROCESS) return name;
  // If that is unreadable, assumes the usual case.
  return name !== null || inodeOf(OF_FIRST_PROCESS) === undefined ? '1' : String(process.pid);
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    // Skips an unreadable one.
    return undefined;
  }
}
