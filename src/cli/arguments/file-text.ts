import { readFileSync } from 'node:fs';

/** Whether a path means standard input: `-`, or `/dev/stdin`, which cannot be opened if it is a socket. */
export function isStandardInput(file: string | undefined): boolean {
  return file === '-' || file === '/dev/stdin';
}

/** Reads the text of a file, or of standard input. */
export function fileText(file: string): string {
  return readFileSync(isStandardInput(file) ? 0 : file, 'utf8');
}
