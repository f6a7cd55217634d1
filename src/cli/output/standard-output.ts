import { fstatSync } from 'node:fs';
import { Writable } from 'node:stream';
import { standardStream, writeAll } from '../../host/processes/own-process.ts';

/** Stream that a command writes text to. */
export type Output = Writable & Partial<Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'rows'>>;

/** Opens standard output (1) or standard error (2) of this process. */
export function standardOutput(descriptor: 1 | 2): Output {
  return fstatSync(descriptor).isFile() ? fileOutput(descriptor) : standardStream(descriptor);
}

/** Writes synchronously: Node's own stream reports success if the disk has room for only a part of the text. */
function fileOutput(descriptor: 1 | 2): Writable {
  return new Writable({
    decodeStrings: false,
    write(text: string, _encoding, done) {
      try {
        writeAll(descriptor, text);
      } catch (thrown) {
        done(thrown instanceof Error ? thrown : new Error(String(thrown)));
        return;
      }
      done();
    },
  });
}

/** Resolves once the output has accepted all text, or has emitted `error`. */
export function written(output: Writable): Promise<void> {
  return new Promise((resolve) => {
    const taken = () => setImmediate(resolve);
    if (output.destroyed || !output.writable) taken();
    else output.write('', taken);
  });
}
