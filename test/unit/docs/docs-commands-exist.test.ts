import { Command } from 'commander';
import { expect, test } from 'vitest';
import { addCommands, addGlobalOptions } from '../../../src/cli/command-table/groups.ts';
import { DOC_PAGES, readDocPage } from '../../support/command/doc-page.ts';

const program = addGlobalOptions(new Command('wf'));
addCommands(program, () => () => {});
const GLOBAL = ['--json', '--quiet', '-q', '--no-color', '--db', '--help', '--version'];

/** The changelog names commands of other versions. */
const pages = DOC_PAGES.filter((page) => page !== 'CHANGELOG.md').map((name) => ({ name, ...readDocPage(name) }));

test.for(pages)('every command of $name exists, with its options', ({ text, sessions, untried }) => {
  const inText = [...text.matchAll(/`wf ([^`\n]+)`/g)].map(([, words = '']) => words);
  const typed = sessions.flatMap((session) => session.typed.map(({ command }) => command));
  const inBlocks = [...typed, ...untried.filter((line) => !line.trim().startsWith('#'))].flatMap((line) =>
    [...line.matchAll(/(?:^|[\s(])wf ([a-z][^|;>&#)]*)/g)].map(([, words = '']) => words),
  );
  expect([...inText, ...inBlocks].flatMap(problemOf)).toEqual([]);
});

function problemOf(words: string): readonly string[] {
  const [name = '', ...rest] = words.trim().split(/\s+/);
  if (name === 'help' || name.startsWith('-')) return [];
  const command = program.commands.find((one) => one.name() === name);
  if (command === undefined) return /^[A-Z.…]/.test(name) ? [] : [`wf ${words}: no such command`];
  const known = [...GLOBAL, ...command.options.flatMap(({ long, short }) => [long, short])];
  const unknown = rest.filter((word) => /^--?[a-z]/.test(word)).map((word) => word.replace(/[=,.:;].*$/, ''));
  return unknown.filter((option) => !known.includes(option)).map((option) => `wf ${words}: no option ${option}`);
}
