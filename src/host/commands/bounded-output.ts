import type { Readable } from 'node:stream';

/** Output of a stream, up to a limit. */
export interface BoundedOutput {
  text(): string;
  truncated(): boolean;
}

/** Reads a stream to its end and keeps its first `maxBytes`. The rest is read and dropped, so that the writer never blocks. */
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
  // A pipe whose other end was killed: the output so far counts.
  stream.on('error', () => undefined);
  return { text: () => Buffer.concat(chunks).toString('utf8'), truncated: () => cut };
}
