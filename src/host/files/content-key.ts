import { randomBytes, randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { WfError } from '../../engine/model/errors.ts';
import { errnoOf } from '../machine/errno.ts';
import { fileError } from './file-error.ts';
import { NO_HARD_LINKS } from './hard-links.ts';
import { requirePrivate, syncFolder } from './private-folders.ts';

const KEY_BYTES = 32;

/**
 * Returns the key for the digests of contents; creates it at the first use. Without the key, a reader of the digests cannot test
 * guesses of a short content.
 * @param folder folder of wf, beside the database
 * @throws WfError E_UNTRUSTED if others can read the folder, E_FILE if the key is damaged
 */
export function contentKey(folder: string): Uint8Array {
  requirePrivate(folder);
  return readKey(keyFile(folder)) ?? createContentKey(folder);
}

function keyFile(folder: string): string {
  return path.join(folder, '.key');
}

function readKey(file: string): Uint8Array | undefined {
  let key: Uint8Array;
  try {
    key = readFileSync(file);
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return undefined;
    throw fileError('read', file, thrown);
  }
  if (key.length === KEY_BYTES) return key;
  throw new WfError('E_FILE', `the key ${file} is damaged: it has ${key.length} bytes instead of ${KEY_BYTES}`, {
    hint: 'Restore it from a backup. Without it wf recognises no file that its runs have changed: move it away only if no run needs an undo.',
  });
}

/** Creates the key, durably; returns the existing one if another process was faster. */
export function createContentKey(folder: string): Uint8Array {
  const file = keyFile(folder);
  const key = randomBytes(KEY_BYTES);
  const draft = `${file}-${randomUUID()}`;
  try {
    writeFileSync(draft, key, { mode: 0o600, flag: 'wx', flush: true });
    placeOnce(draft, file);
    for (const one of [folder, path.dirname(folder)]) syncFolder(one);
  } catch (thrown) {
    throw fileError('create', file, thrown);
  }
  return readKey(file) ?? key;
}

function placeOnce(draft: string, file: string): void {
  try {
    linkSync(draft, file);
  } catch (thrown) {
    const errno = errnoOf(thrown) ?? '';
    if (NO_HARD_LINKS.includes(errno)) {
      renameSync(draft, file);
      return;
    }
    if (errno !== 'EEXIST') throw thrown;
  }
  unlinkSync(draft);
}
