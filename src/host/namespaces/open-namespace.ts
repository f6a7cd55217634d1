import { closeSync, fstatSync, openSync, readlinkSync } from 'node:fs';
import { WfError } from '../../engine/model/errors.ts';
import type { NamespaceRef } from '../../engine/ports/command.ts';
import { errnoOf } from '../machine/errno.ts';
import { isAlive } from '../processes/process.ts';
import { bornAt } from './named-namespace.ts';

/** An open network namespace: `path` leads to it, and to no other, until it is closed. */
export interface OpenNamespace {
  /** `/proc/PID/fd/N` of this process's own descriptor, for its child processes. */
  readonly path: string;
  readonly descriptor: number;
  readonly inode: number;
  close(): void;
}

/**
 * Opens a namespace and checks that it is the expected one. The check reads the open descriptor, so a pid reused between check
 * and use leads nowhere else.
 * The inode alone does not identify a namespace: the kernel reuses the lowest free number (on Linux 6.18, 11 of 20 consecutive
 * namespaces had the same), and a restarted container may also get the same pid. The start time of the process decides.
 * @throws WfError E_NAMESPACE_GONE if it is missing or another one; E_PERMISSION if it may not be opened; E_HOST_STATE_UNKNOWN if
 * /proc cannot be read.
 */
export function openNamespace(namespace: NamespaceRef): OpenNamespace {
  const descriptor = openDescriptor(namespace);
  const close = (): void => closeSync(descriptor);
  try {
    return {
      // The pid that /proc shows, which differs from `process.pid` in a private host.
      path: `/proc/${readlinkSync('/proc/self')}/fd/${descriptor}`,
      descriptor,
      inode: requireExpected(namespace, descriptor),
      close,
    };
  } catch (thrown) {
    close();
    throw thrown;
  }
}

/** Checks the open descriptor and returns its inode. @throws WfError E_NAMESPACE_GONE */
function requireExpected(namespace: NamespaceRef, descriptor: number): number {
  const inode = fstatSync(descriptor).ino;
  if (namespace.inode !== null && inode !== namespace.inode) {
    throw namespaceGone(namespace, `the path leads to namespace ${inode}`);
  }
  if (namespace.born !== undefined && bornAt(fstatSync(descriptor, { bigint: true })) !== namespace.born) {
    throw namespaceGone(namespace, 'it was recreated');
  }
  // The process was alive after the opening, so the path led through it.
  if (namespace.process !== null && !isAlive(namespace.process)) {
    throw namespaceGone(namespace, `process ${namespace.process.pid} has ended, or its pid was reused`);
  }
  return inode;
}

function openDescriptor(namespace: NamespaceRef): number {
  try {
    return openSync(namespace.path, 'r');
  } catch (thrown) {
    switch (errnoOf(thrown)) {
      case 'ENOENT':
      case 'ESRCH':
        throw namespaceGone(namespace, 'the path does not exist');
      case 'EACCES':
      case 'EPERM':
        throw new WfError('E_PERMISSION', `permission denied for the network namespace ${namespace.path}`, {
          hint: 'Run wf as root (`sudo wf ...`).',
          cause: thrown,
        });
      default:
        throw thrown;
    }
  }
}

function namespaceGone(namespace: NamespaceRef, found: string): WfError {
  const expected = namespace.inode === null ? namespace.path : `${namespace.path} (namespace ${namespace.inode})`;
  return new WfError('E_NAMESPACE_GONE', `the network namespace ${expected} is gone: ${found}`, {
    hint: 'Its process ended or was restarted. Undo the run with `wf rollback RUN`, then start it again.',
    details: { path: namespace.path, expectedInode: namespace.inode },
  });
}
