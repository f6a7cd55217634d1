import { closeSync, fstatSync, openSync } from 'node:fs';
import { WfError } from '../engine/errors.ts';
import type { NamespaceRef } from '../engine/ports/command.ts';
import { errnoOf } from './errno.ts';

/** A network namespace held open: `path` leads to it, and to no other, until it is closed. */
export interface OpenNamespace {
  /** `/proc/PID/fd/N` of wf's own descriptor, for the processes it starts. */
  readonly path: string;
  readonly inode: number;
  close(): void;
}

/**
 * Opens a namespace and makes sure that it is the one that is meant. What is checked is the open descriptor, so that a
 * pid that is reused between the check and the use leads nowhere else.
 * @throws WfError E_NAMESPACE_GONE when nothing is there or another inode is; E_PERMISSION when it may not be opened.
 */
export function openNamespace(namespace: NamespaceRef): OpenNamespace {
  const descriptor = openDescriptor(namespace);
  const inode = fstatSync(descriptor).ino;
  if (namespace.inode !== null && inode !== namespace.inode) {
    closeSync(descriptor);
    throw namespaceGone(namespace, `it is the namespace ${inode} by now`);
  }
  return { path: `/proc/${process.pid}/fd/${descriptor}`, inode, close: () => closeSync(descriptor) };
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
