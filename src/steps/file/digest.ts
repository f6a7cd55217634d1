import { createHash } from 'node:crypto';

/** Returns size and SHA-256 of some content, in hexadecimal. */
export function digestOf(bytes: Uint8Array): { sha256: string; size: number } {
  return { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
}
