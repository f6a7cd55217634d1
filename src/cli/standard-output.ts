import { fstatSync } from 'node:fs';
import { errnoOf } from '../host/errno.ts';
import { standardStream, writeNow } from '../host/own-process.ts';

/** What a command writes text to, and what decides how. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
  /** Comes when all that was written has been taken, or nothing can be taken any more, which `error` has told then. */
  written?(): Promise<void>;
}

/** One of this process's own. */
export interface StandardOutput extends Output {
  written(): Promise<void>;
}

/** A quarter of what a pipe holds (pipe(7)): to write so much does not wait for whoever reads. */
const DIRECT_BYTES = 16 * 1024;
/** /dev/null: major 1, minor 3 (null(4)). */
const NULL_DEVICE = 0x1_03;

/**
 * Standard output or error. To load Node's streams takes 3 ms of each command, and most commands write little, to a file or a pipe:
 * that is written at once. A terminal, and what is longer, gets Node's stream, which waits for nobody.
 */
export function standardOutput(descriptor: 1 | 2): StandardOutput {
  const stats = fstatSync(descriptor);
  if (stats.rdev === NULL_DEVICE) return directOutput(descriptor, Number.POSITIVE_INFINITY);
  // Whether it is a terminal is asked in the module that loads the streams.
  if (stats.isCharacterDevice() && process.getBuiltinModule('node:tty').isatty(descriptor)) {
    return ofStream(standardStream(descriptor));
  }
  return directOutput(
    descriptor,
    stats.isFile() || stats.isCharacterDevice() ? Number.POSITIVE_INFINITY : DIRECT_BYTES,
  );
}

/** @param most bytes that may be written at once */
function directOutput(descriptor: 1 | 2, most: number): StandardOutput {
  const listeners: ((error: NodeJS.ErrnoException) => void)[] = [];
  let left = most;
  let stream: NodeJS.WriteStream | undefined;

  /** Answers what could not be written at once. */
  function writeAtOnce(bytes: Buffer): Buffer {
    let rest = bytes;
    try {
      while (rest.length > 0 && rest.length <= left) {
        const count = writeNow(descriptor, rest);
        left -= count;
        rest = rest.subarray(count);
      }
    } catch (thrown) {
      // It is full, and its reader asked not to be waited for.
      if (errnoOf(thrown) === 'EAGAIN') return rest;
      if (!(thrown instanceof Error)) throw thrown;
      for (const listener of listeners) listener(thrown);
      return Buffer.alloc(0);
    }
    return rest;
  }

  return {
    write(text) {
      const rest = stream === undefined ? writeAtOnce(Buffer.from(text)) : Buffer.from(text);
      if (rest.length === 0) return;
      if (stream === undefined) {
        stream = standardStream(descriptor);
        for (const listener of listeners) stream.on('error', listener);
      }
      stream.write(rest);
    },
    on: (_event, listener) => void listeners.push(listener),
    written: async () => (stream === undefined ? undefined : writtenTo(stream)),
  };
}

function ofStream(stream: NodeJS.WriteStream): StandardOutput {
  return {
    get isTTY() {
      return stream.isTTY;
    },
    get columns() {
      return stream.columns;
    },
    get rows() {
      return stream.rows;
    },
    write: (text) => stream.write(text),
    on: (event, listener) => stream.on(event, listener),
    written: () => writtenTo(stream),
  };
}

function writtenTo(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    // A turn later, `error` has been told.
    const taken = () => setImmediate(resolve);
    if (stream.destroyed || !stream.writable) taken();
    else stream.write('', taken);
  });
}
