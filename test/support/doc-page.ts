import { readFileSync } from 'node:fs';

/** What a page of docs/ shows that can be tried. */
export interface DocPage {
  readonly text: string;
  /** Code blocks marked with `file=NAME`, by that name. */
  readonly files: Readonly<Record<string, string>>;
  /** What is typed in its console blocks, in order, each with the output that is shown. */
  readonly typed: readonly Typed[];
}

interface Typed {
  readonly command: string;
  readonly shown: readonly string[];
}

/** @param name such as `embedding` */
export function readDocPage(name: string): DocPage {
  const text = readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/^```(\w+)(?: file=(\S+))?\n(.*?)^```$/gms)];
  const files = blocks.flatMap(([, , file, body = '']) => (file === undefined ? [] : [[file, body] as const]));
  const typed = blocks.flatMap(([, language, , body = '']) => (language === 'console' ? typedIn(body) : []));
  return { text, files: Object.fromEntries(files), typed };
}

/** A line of the output that begins like a prompt (a transcript shows what was typed) is told by the dots in it. */
function typedIn(session: string): readonly Typed[] {
  const typed: { command: string; shown: string[] }[] = [];
  for (const line of session.trimEnd().split('\n')) {
    if (line.startsWith('$ ') && !line.includes('/...')) typed.push({ command: line.slice(2), shown: [] });
    else typed.at(-1)?.shown.push(line);
  }
  return typed;
}

/** The shown lines that the output does not have, in their order. `...` stands for any text, and alone for any lines. */
export function missingLines(shown: readonly string[], output: string): readonly string[] {
  const lines = output.split('\n').map(normalized);
  let from = 0;
  return shown.filter((line) => {
    if (line === '...' || line === '') return false;
    const pattern = patternOf(line);
    const at = lines.findIndex((candidate, index) => index >= from && pattern.test(candidate));
    if (at !== -1) from = at + 1;
    return at === -1;
  });
}

function patternOf(line: string): RegExp {
  const parts = normalized(line).split('...');
  return new RegExp(`^${parts.map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('.*')}$`);
}

/** Without what is another at each time: how long it took, and how wide a column therefore is. */
function normalized(line: string): string {
  return line
    .replace(/\d+(?:\.\d+)? m?s\b/g, 'TIME')
    .replace(/\s+/g, ' ')
    .trim();
}
