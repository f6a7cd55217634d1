import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));

/** Every page for users, by its path from the root of the repository. */
export const DOC_PAGES: readonly string[] = [
  ...readdirSync(REPOSITORY).filter((name) => name.endsWith('.md')),
  ...readdirSync(path.join(REPOSITORY, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
    .sort(),
];

/** The text of a page, and the parts of it that a test can run. */
export interface DocPage {
  readonly text: string;
  /** Code blocks marked with `file=NAME`, by that name. */
  readonly files: Readonly<Record<string, string>>;
  /** Blocks of the language `console`, in order. */
  readonly sessions: readonly Session[];
  /** Lines of the blocks of the language `sh`, which no test runs. */
  readonly untried: readonly string[];
}

/** The commands of one `console` block, which share a shell. */
export interface Session {
  /** Marked with `host`: in a network namespace with a link `eth0`, as root. */
  readonly needsHost: boolean;
  /** Marked with `docker`: on a Docker engine. */
  readonly needsDocker: boolean;
  /** Marked with `nft`: where that program is. */
  readonly needsNft: boolean;
  readonly typed: readonly Typed[];
}

export interface Typed {
  readonly command: string;
  /** Lines typed at a prompt of `wf shell`. */
  readonly stdin: readonly string[];
  readonly shown: readonly string[];
}

/** @param page one of DOC_PAGES */
export function readDocPage(page: string): DocPage {
  const text = readFileSync(path.join(REPOSITORY, page), 'utf8');
  const blocks = [...text.matchAll(/^```(\w+)(?: (.+?))?\n(.*?)^```$/gms)].map(
    ([, language, mark = '', body = '']) => ({
      language,
      mark,
      body,
    }),
  );
  const files = blocks.filter(({ mark }) => mark.startsWith('file=')).map(({ mark, body }) => [mark.slice(5), body]);
  return {
    text,
    files: Object.fromEntries(files),
    sessions: blocks
      .filter(({ language }) => language === 'console')
      .map(({ mark, body }) => {
        const marks = mark.split(' ');
        const [needsHost, needsDocker, needsNft] = [
          marks.includes('host'),
          marks.includes('docker'),
          marks.includes('nft'),
        ];
        return { needsHost, needsDocker, needsNft, typed: typedIn(body) };
      }),
    untried: blocks.filter(({ language }) => language === 'sh').flatMap(({ body }) => body.trimEnd().split('\n')),
  };
}

/** A line of output that begins like a prompt (a transcript shows its commands) is recognised by the `/...` in it. */
function typedIn(session: string): readonly Typed[] {
  const typed: { command: string; stdin: string[]; shown: string[] }[] = [];
  for (const line of session.trimEnd().split('\n')) {
    const last = typed.at(-1);
    const inShell = /^\[wf [^\]]+\] # (.*)$/.exec(line);
    if (line.startsWith('$ ') && !line.includes('/...')) typed.push({ command: line.slice(2), stdin: [], shown: [] });
    else if (last?.command.endsWith('\\')) last.command = `${last.command.slice(0, -1)}${line.trim()}`;
    else if (inShell) last?.stdin.push(inShell[1] ?? '');
    else last?.shown.push(line);
  }
  return typed;
}

/** The shown lines that the output lacks, in their order. `...` stands for any text, and alone on a line for any lines. */
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

/** Drops durations, and the widths of columns that follow from them. */
function normalized(line: string): string {
  return line
    .replace(/\d+(?:\.\d+)? m?s\b/g, 'TIME')
    .replace(/\s+/g, ' ')
    .trim();
}
