import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { WfError } from '../../engine/model/errors.ts';
import type { Owner } from '../../engine/model/owner.ts';
import type { FoundNamespace, HostNamespacePort } from '../../engine/ports/host-namespace.ts';
import { errnoOf } from '../machine/errno.ts';
import { isAlive, processOf } from '../processes/process.ts';

/** A namespace that is reached through a process. */
export interface NamespaceOfProcess extends FoundNamespace {
  readonly process: Owner;
}

/**
 * The network namespace that a process is in now.
 * @throws WfError E_NAMESPACE_GONE when the process is gone; E_PERMISSION when it is somebody else's.
 */
export function namespaceOfPid(pid: number): NamespaceOfProcess {
  const path = `/proc/${pid}/ns/net`;
  const process = processOf(pid);
  try {
    const inode = statSync(path).ino;
    // The same process before and after: what was read in between is its own.
    if (process === undefined || !isAlive(process)) throw processGone(pid);
    return { path, inode, process };
  } catch (thrown) {
    switch (errnoOf(thrown)) {
      case 'ENOENT':
      case 'ESRCH':
        throw processGone(pid, thrown);
      case 'EACCES':
      case 'EPERM':
        throw new WfError('E_PERMISSION', `the network namespace of process ${pid} may not be looked at`, {
          hint: 'Run wf as root (`sudo wf ...`).',
          cause: thrown,
        });
      default:
        throw thrown;
    }
  }
}

/** The same; null where the process is gone. @throws WfError E_PERMISSION */
export function namespaceIfThere(pid: number): NamespaceOfProcess | null {
  try {
    return namespaceOfPid(pid);
  } catch (thrown) {
    if (thrown instanceof WfError && thrown.code === 'E_NAMESPACE_GONE') return null;
    throw thrown;
  }
}

function processGone(pid: number, cause?: unknown): WfError {
  return new WfError('E_NAMESPACE_GONE', `process ${pid} is gone, and with it the way to its network namespace`, {
    hint: 'Look whether the container still runs: `docker ps -a`.',
    cause,
  });
}

/** The network namespace that wf itself runs in. */
export function ownNetworkNamespace(): FoundNamespace {
  return namespaceOfPid(process.pid);
}

/** That as what wf calls the host. */
export const machineNamespace: HostNamespacePort = {
  own: ownNetworkNamespace,
  holder: null,
  wayTo: wayToOwnNamespace,
  byHand: (commands) => commands,
};

/** Where `ip netns` keeps the namespaces that have a name. */
const NAMED_NAMESPACES = '/run/netns';

const OF_FIRST_PROCESS = '/proc/1/ns/net';

/** The path by which wf's own namespace is found also after wf has ended; null where it has none that wf can see. */
export function nameOfOwnNamespace(): string | null {
  const { inode } = ownNetworkNamespace();
  if (inodeOf(OF_FIRST_PROCESS) === inode) return OF_FIRST_PROCESS;
  const names = existsSync(NAMED_NAMESPACES) ? readdirSync(NAMED_NAMESPACES) : [];
  return names.map((name) => join(NAMED_NAMESPACES, name)).find((named) => inodeOf(named) === inode) ?? null;
}

/**
 * What a person gives to `ip link set ... netns` to mean wf's own namespace also after wf has ended: `1` (the first
 * process) where that is in it, else the path of its name, else the pid of wf itself.
 */
function wayToOwnNamespace(): string {
  const name = nameOfOwnNamespace();
  if (name !== null && name !== OF_FIRST_PROCESS) return name;
  // Where even that may not be looked at, the usual case is the likely one.
  return name !== null || inodeOf(OF_FIRST_PROCESS) === undefined ? '1' : String(process.pid);
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    // One that may not be looked at is not offered.
    return undefined;
  }
}
