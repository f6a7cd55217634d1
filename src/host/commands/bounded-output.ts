import type { Readable } from 'node:stream';

/** What a stream carried, up to a limit. */
export interface BoundedOutput {
  text(): string;
  truncated(): boolean;
}

/** Reads a stream to its end and keeps its first `maxBytes`: what is cut is still taken, so that the writer is never blocked. */
export function collectBounded(stream: Readable, maxBytes: number): BoundedOutput {
  const chunks: Buffer[] = [];
  let kept = 0;
  let cut = false;
  stream.on('data', (chunk: Buffer) => {
    const room = maxBytes - kept;
    if (chunk.length > room) cut = true;
    if (room <= 0) return;
    const part = chunk.length > room ? chunk.subarray(0, room) : chunk;
    chunks.push(part);
    kept += part.length;
  });
  // A pipe whose other end was killed: what arrived until then is the output.
  stream.on('error', () => undefined);
  return { text: () => Buffer.concat(chunks).toString('utf8'), truncated: () => cut };
}
