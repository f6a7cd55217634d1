import type { Readable } from 'node:stream';

/** As much as is asked of Docker. */
const MAX_CHARACTERS = 64 * 1024;

/** What a container has written last. */
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
