import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { WfError } from '../../engine/model/errors.ts';
import type { FileFound } from '../../engine/ports/files.ts';
import { changedMeanwhile } from './file-error.ts';

/** Does not block if a pipe has replaced the file. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const CHUNK_BYTES = 256 * 1024;

export type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Reads a file in chunks. @param found the object that was observed at the path; null accepts any
 * @throws WfError E_FILE_CHANGED if the path has another object, or the file changes meanwhile
 */
export async function* chunksOf(way: string, name: string, found: FileFound | null): AsyncGenerator<Uint8Array> {
  const file = await open(way, READ);
  try {
    await requireSame(file, name, found);
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) break;
      yield buffer.subarray(0, bytesRead);
    }
    await requireSame(file, name, found);
  } finally {
    await file.close();
  }
}

async function requireSame(file: FileHandle, name: string, found: FileFound | null): Promise<void> {
  if (found === null) return;
  const { ino, ctimeNs, size } = await file.stat({ bigint: true });
  const isSame = String(ino) === found.inode && String(ctimeNs) === found.changedNs && Number(size) === found.size;
  if (!isSame) throw changedMeanwhile(name);
}

/** A hash of content. Declared here, because the published types import nothing from Node. */
export interface Hash {
  update(data: Uint8Array): unknown;
  digest(encoding: 'hex'): string;
}

/** Returns the digest of some content, in hexadecimal. */
export async function digestOf(hash: Hash, chunks: Chunks): Promise<string> {
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

/** @throws WfError E_FILE if the content is longer */
export async function readUpTo(maxBytes: number, name: string, chunks: Chunks): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > maxBytes) {
      throw new WfError('E_FILE', `${name} has more than ${maxBytes} bytes`, { hint: 'Change it with a command.' });
    }
    parts.push(Buffer.from(chunk));
  }
  return Buffer.concat(parts);
}

/** An open file. Declared here, because the published types import nothing from Node. */
interface Writable {
  write(data: Uint8Array, offset: number, length: number): Promise<{ readonly bytesWritten: number }>;
}

/** Writes content to a new file. Returns its digest, in hexadecimal. */
export async function writeContent(file: Writable, chunks: Chunks, hash: Hash): Promise<string> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    for (let written = 0; written < chunk.length; ) {
      written += (await file.write(chunk, written, chunk.length - written)).bytesWritten;
    }
  }
  return hash.digest('hex');
}
