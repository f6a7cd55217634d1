import { closeSync, constants, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** Returns the content of a file in a cache; undefined if it cannot be read. Follows no link. */
export function readCacheFile(file: string): Buffer | undefined {
  try {
    const descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      return readFileSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
}

/** Writes a whole file into a cache, or nothing. Returns false if it cannot be written: the cache then lacks it. */
export function writeCacheFile(file: string, content: Buffer | string): boolean {
  const temporary = `${file}.${process.pid}`;
  try {
    // Flushed: a power failure could leave empty blocks.
    writeFileSync(temporary, content, { flag: 'wx', mode: 0o600, flush: true });
    renameSync(temporary, file);
    return true;
  } catch {
    // On a full disk, a part of the file would stay.
    rmSync(temporary, { force: true });
    return false;
  }
}
