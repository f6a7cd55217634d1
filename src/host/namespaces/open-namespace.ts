import { closeSync, fstatSync, openSync, readlinkSync } from 'node:fs';
import { WfError } from '../../engine/model/errors.ts';
import type { NamespaceRef } from '../../engine/ports/command.ts';
import { errnoOf } from '../machine/errno.ts';
import { isAlive } from '../processes/process.ts';

/** A network namespace held open: `path` leads to it, and to no other, until it is closed. */
export interface OpenNamespace {
  /** `/proc/PID/fd/N` of this process's own descriptor, for the processes it starts. */
  readonly path: string;
  readonly descriptor: number;
  readonly inode: number;
  close(): void;
}

/**
 * Opens a namespace and makes sure that it is the one that is meant. What is checked is the open descriptor, so that a
 * pid that is reused between the check and the use leads nowhere else.
 *
 * The inode alone does not tell: the kernel gives the lowest number that is free, so that a namespace made after another
 * one ended often has its number (seen on Linux 6.18: 11 of 20 made one after the other had the same), and a restarted
 * container easily has the pid too that another one had. The start time of the process decides.
 * @throws WfError E_NAMESPACE_GONE when nothing is there, or another inode or process is; E_PERMISSION when it may not be
 * opened; E_HOST_STATE_UNKNOWN when /proc cannot be read.
 */
export function openNamespace(namespace: NamespaceRef): OpenNamespace {
  const descriptor = openDescriptor(namespace);
  const close = (): void => closeSync(descriptor);
  try {
    return {
      // As /proc counts pids, which in a private host are not its own.
      path: `/proc/${readlinkSync('/proc/self')}/fd/${descriptor}`,
      descriptor,
      inode: requireMeant(namespace, descriptor),
      close,
    };
  } catch (thrown) {
    close();
    throw thrown;
  }
}

/** @throws WfError E_NAMESPACE_GONE. Answers the inode. */
function requireMeant(namespace: NamespaceRef, descriptor: number): number {
  const inode = fstatSync(descriptor).ino;
  if (namespace.inode !== null && inode !== namespace.inode) {
    throw namespaceGone(namespace, `it is the namespace ${inode} by now`);
  }
  // Alive after the opening: so it was the process that the path led through.
  if (namespace.process !== null && !isAlive(namespace.process)) {
    throw namespaceGone(namespace, `process ${namespace.process.pid} has ended, or is another one by now`);
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
        throw namespaceGone(namespace, 'nothing is there any more');
      case 'EACCES':
      case 'EPERM':
        throw new WfError('E_PERMISSION', `the network namespace ${namespace.path} may not be opened`, {
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
    hint: 'Its process ended or was started again. Start the run again, or undo what it did with `wf rollback RUN`.',
    details: { path: namespace.path, expectedInode: namespace.inode },
  });
}
