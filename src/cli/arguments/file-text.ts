import { readFileSync } from 'node:fs';

/** Reads the text of a file. /dev/stdin is read by its descriptor: a socket cannot be opened by its path. */
export function fileText(file: string): string {
  return readFileSync(file === '/dev/stdin' ? 0 : file, 'utf8');
}
