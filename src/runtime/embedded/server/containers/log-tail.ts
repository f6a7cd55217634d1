import type { Readable } from 'node:stream';

/** Also the limit of a log that wf reads from Docker. */
const MAX_CHARACTERS = 64 * 1024;

/** The last output of a container. */
export class LogTail {
  #text = '';

  /** Reads a stream to its end. */
  follow(stream: Readable): void {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      this.#text = `${this.#text}${text}`.slice(-MAX_CHARACTERS);
    });
    stream.on('error', () => undefined);
  }

  lastLines(count: number): string {
    const lines = this.#text.split(/(?<=\n)/);
    return count <= 0 ? '' : lines.slice(-count).join('');
  }
}
