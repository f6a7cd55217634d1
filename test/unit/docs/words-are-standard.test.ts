import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { REPOSITORY } from '../../support/command/doc-page.ts';

/** Home-made words, and the standard ones. */
const HOME_MADE: readonly (readonly [words: RegExp, standard: string])[] = [
  [/\b(go|goes|going|went|gone) on\b/i, 'continue, resume, proceed'],
  [/\btold\b|\btell(s|ing)\b|(?<!\b(can|cannot|could|not) )\btell\b/i, 'report, print, return, distinguish'],
  [/\b(say|says|said|saying)\b/i, 'report, print, state; output, message'],
  [/\b(look|looks|looked|looking) at\b/i, 'observe, inspect, check, read'],
  [/\b(mend|mends|mended|mending)\b/i, 'fix, repair'],
  [/\b(deeds?|ghosts?|misfits?|textbook|pretend(s|ed)?|conceal(s|ed)?)\b/i, 'the plain word'],
];
/** A sentence that begins with its object. */
const TURNED_ROUND = /^\s*(\/\/|\/?\*+) (What|Of|Whoever|Whom) /;
const READ = /\.(ts|tsx|mjs|cjs|md)$/;
const SELF = path.relative(REPOSITORY, import.meta.filename);

test.for(['src', 'workflows', 'docs', 'scripts', 'test', 'bench', '.'])('%s uses standard words', (top) => {
  const files = filesOf(top);
  expect(files.length).toBeGreaterThan(0);
  expect(files.flatMap(homeMadeIn)).toEqual([]);
});

function filesOf(top: string): readonly string[] {
  return readdirSync(path.join(REPOSITORY, top), { recursive: top !== '.', withFileTypes: true })
    .filter((entry) => entry.isFile() && READ.test(entry.name))
    .map((entry) => path.relative(REPOSITORY, path.join(entry.parentPath, entry.name)))
    .filter((file) => !file.includes('node_modules') && file !== SELF);
}

/** Returns each line with a home-made word, and the words to use. */
function homeMadeIn(file: string): readonly string[] {
  return readFileSync(path.join(REPOSITORY, file), 'utf8')
    .split('\n')
    .flatMap((line, index) => {
      const standard = HOME_MADE.filter(([words]) => words.test(line)).map(([, words]) => words);
      if (TURNED_ROUND.test(line)) standard.push('the subject first');
      return standard.map((words) => `${file}:${index + 1}: ${line.trim()} -> ${words}`);
    });
}
