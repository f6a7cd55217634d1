import { deflateSync, inflateSync } from 'node:zlib';

export function compress(text: string): Buffer {
  return deflateSync(text);
}

/** @throws Error if `compressed` is not a result of {@link compress} */
export function decompress(compressed: Buffer): string {
  return inflateSync(compressed).toString('utf8');
}
