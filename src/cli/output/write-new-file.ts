import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { WfError } from '../../engine/model/errors.ts';
import { errnoOf } from '../../host/machine/errno.ts';

/**
 * Writes a file atomically. Replaces an existing file only on request.
 * @throws WfError E_USAGE if it exists or cannot be written; E_DISK_FULL.
 */
export function writeNewFile(file: string, text: string, replace: boolean): void {
  const target = path.resolve(file);
  const draft = path.join(path.dirname(target), `.${path.basename(target)}.${crypto.randomUUID().slice(0, 8)}`);
  try {
    if (!replace && existsSync(target)) throw exists(file);
    writeWhole(draft, text);
    if (replace) renameSync(draft, target);
    else putInPlace(draft, target);
  } catch (thrown) {
    if (thrown instanceof WfError) throw thrown;
    if (errnoOf(thrown) === 'EEXIST') throw exists(file);
    throw cannotWrite(file, thrown);
  } finally {
    rmSync(draft, { force: true });
  }
}

function writeWhole(file: string, text: string): void {
  const descriptor = openSync(file, 'wx', 0o666);
  try {
    const bytes = Buffer.from(text);
    for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Moves the draft to its final name. A hard link fails if the name has been taken meanwhile; some file systems (FAT) have no links. */
function putInPlace(draft: string, target: string): void {
  try {
    linkSync(draft, target);
  } catch (thrown) {
    const code = errnoOf(thrown);
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw thrown;
    renameSync(draft, target);
  }
}

function exists(file: string): WfError {
  return new WfError('E_USAGE', `${file} already exists`, {
    hint: 'Choose another file with -o, or replace this one with --force.',
  });
}

function cannotWrite(file: string, thrown: unknown): WfError {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  const message = `cannot write ${file}: ${reason}`;
  if (errnoOf(thrown) === 'ENOSPC') {
    return new WfError('E_DISK_FULL', message, {
      hint: 'Free some space, or choose a file on another disk.',
      cause: thrown,
    });
  }
  return new WfError('E_USAGE', message, {
    hint: 'Choose a file in an existing, writable folder.',
    cause: thrown,
  });
}
