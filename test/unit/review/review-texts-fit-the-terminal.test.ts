import fc from 'fast-check';
import { expect, test } from 'vitest';
import { errorLines } from '../../../src/review/text/error-text.ts';
import { durationText, momentText, relativeTimeText } from '../../../src/review/text/format/duration.ts';
import { outputWords } from '../../../src/review/text/format/output-words.ts';
import {
  cut,
  oneLine,
  pad,
  sanitized,
  setText,
  widthOf,
  wrapWords,
} from '../../../src/review/text/format/plain-text.ts';
import { tableLines } from '../../../src/review/text/format/table.ts';
import { differenceLines, firstDifferenceLines } from '../../../src/review/text/run/verification-text.ts';
import { colourTerminalOf, PIPED, terminalOf } from '../../fixtures/review/style.ts';

test.each([
  [0, '0 ms'],
  [412, '412 ms'],
  [999.6, '1.0 s'],
  [1_900, '1.9 s'],
  [59_940, '59.9 s'],
  [59_960, '1 min 0 s'],
  [123_400, '2 min 3 s'],
  [3_599_800, '1 h 0 min'],
  [3_720_000, '1 h 2 min'],
  [273_600_000, '3 d 4 h'],
  [null, '-'],
])('%d ms is printed as %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

test.each([
  [-5_000, 'just now'],
  [1_000, 'just now'],
  [12_000, '12 s ago'],
  [200_000, '3 min ago'],
  [7_200_000, '2 h ago'],
  [259_200_000, '3 d ago'],
  [90 * 86_400_000, '2025-11-02'],
])('%d ms ago is printed as %s', (ago, text) => {
  const now = Date.UTC(2026, 0, 31);
  expect(relativeTimeText(now - ago, now)).toBe(text);
});

test('a point in time is printed in UTC', () => {
  expect(momentText(Date.UTC(2026, 0, 31, 12, 5, 9))).toBe('2026-01-31 12:05:09 UTC');
});

test('a truncated text has at most the given number of columns', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0, max: 20 }), (text, width) => {
      expect(widthOf(cut(text, width))).toBeLessThanOrEqual(width);
      expect(cut(text, null)).toBe(text);
    }),
  );
  expect(cut('漢字漢字', 5)).toBe('漢字…');
  expect(pad('漢字', 6)).toBe('漢字  ');
});

test('a sign that wf draws is one column wide, an ideograph or an emoji two', () => {
  const signs = '·…→⇒∥▶■○◎●✓✗';
  const drawn = Array.from({ length: 0x259f - 0x2500 + 1 }, (_, index) => String.fromCodePoint(0x2500 + index));
  const ascii = Array.from({ length: 0x7e - 0x20 + 1 }, (_, index) => String.fromCodePoint(0x20 + index));
  for (const sign of [...signs, ...drawn, ...ascii, 'é', 'e\u0301'])
    expect({ sign, width: widthOf(sign) }).toEqual({ sign, width: 1 });
  for (const sign of ['漢', '👍', '👩‍🚀', '🇫🇷']) expect({ sign, width: widthOf(sign) }).toEqual({ sign, width: 2 });
});

const COLUMNS = [
  { title: 'id' },
  { title: 'target', shrinksTo: 8 },
  { title: 'time', align: 'right' },
  { title: 'why', shrinksTo: 6 },
] as const;
const ROWS = [
  ['k3v9x2mq7p', 'address 172.18.0.100/16 on eth1 in AppProd', '12 ms', 'vanished with the network namespace'],
  ['x', 'network devops', '1.9 s', ''],
];

test('a table fits its terminal by shrinking its widest columns', () => {
  expect(tableLines(COLUMNS, ROWS, terminalOf(60))).toEqual([
    'id          target                time  why',
    'k3v9x2mq7p  address 172.18.0.1…  12 ms  vanished with the n…',
    'x           network devops       1.9 s',
  ]);
});

test('columns that cannot shrink further are dropped one by one, except the first', () => {
  const columns = [
    { title: 'id' },
    { title: 'target', shrinksTo: 8, goes: 2 },
    { title: 'time', align: 'right', goes: 3 },
    { title: 'why', shrinksTo: 6, goes: 1 },
  ] as const;
  expect(tableLines(columns, ROWS, terminalOf(36))).toEqual([
    'id          target     time  why',
    'k3v9x2mq7p  address…  12 ms  vanish…',
    'x           network…  1.9 s',
  ]);
  expect(tableLines(columns, ROWS, terminalOf(30))[1]).toBe('k3v9x2mq7p  address 17…  12 ms');
  expect(tableLines(columns, ROWS, terminalOf(20))[1]).toBe('k3v9x2mq7p  12 ms');
  expect(tableLines(columns, ROWS, terminalOf(12))[1]).toBe('k3v9x2mq7p');
});

test('a piped table is not truncated', () => {
  expect(tableLines(COLUMNS, ROWS, PIPED)).toEqual([
    'id          target                                       time  why',
    'k3v9x2mq7p  address 172.18.0.100/16 on eth1 in AppProd  12 ms  vanished with the network namespace',
    'x           network devops                              1.9 s',
  ]);
});

test('colour does not count for the width of a column', () => {
  const paint = (text: string) => `\u001b[32m${text}\u001b[39m`;
  const lines = tableLines([{ title: 'a' }, { title: 'b' }], [[{ text: 'ok', paint }, 'x']], terminalOf(80));
  expect(lines).toEqual(['a   b', '\u001b[32mok\u001b[39m  x']);
  const titled = tableLines([{ title: 'a' }], [['x']], colourTerminalOf(80));
  expect(titled[0]).toBe('\u001b[2ma\u001b[22m');
});

test('sanitized text contains no control sequences', () => {
  expect(sanitized('a\u001b[2Jb\r\nc\rd\u0007\u009b1me\tf')).toBe('ab\nc\nde\tf');
  expect(oneLine(' a\n\u001b]0;title\u0007b\tc ')).toBe('a b c');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
      expect(oneLine(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    }),
  );
});

test('words are wrapped into lines that fit, and a word that is too long has its own line', () => {
  expect(wrapWords(['aa', 'bb', 'cccccccc', 'd'], 5)).toEqual(['aa bb', 'cccccccc', 'd']);
  expect(wrapWords(['aa', 'bb'], null, '  ')).toEqual(['aa  bb']);
  expect(wrapWords([], 5)).toEqual([]);
});

test('sentences are wrapped into lines that fit, without a break inside a command', () => {
  const hint = 'Inspect it: `wf show monday createVethPair`, then undo it.';
  expect(setText(hint, 34, 2)).toEqual(['Inspect it:', '  `wf show monday createVethPair`,', '  then undo it.']);
  expect(setText(hint, null, 2)).toEqual([hint]);
  expect(setText('', 20, 2)).toEqual(['']);
  const error = {
    code: 'E_RESIDUE',
    message: 'it is not there',
    hint: 'Look for it with `wf runs --text it`.',
  } as const;
  expect(errorLines(error, terminalOf(34))).toEqual([
    'error E_RESIDUE: it is not',
    '    there',
    '  next: Look for it with',
    '        `wf runs --text it`.',
  ]);
});

test('only the first of many differences are printed, with the command that prints the rest', () => {
  const [difference, owner] = ['added', 'other'] as const;
  const link = (name: string) => ({
    subject: `link ${name}`,
    difference,
    before: null,
    after: name,
    owner,
    reason: 'r',
  });
  const drift = Array.from({ length: 12 }, (_, index) => link(`l${index}`));
  const verification = { restored: true, residues: [], unexplained: [], drift, notCompared: [] };
  expect(differenceLines(verification, terminalOf(30))).toHaveLength(24);
  expect(differenceLines(verification, PIPED)).toHaveLength(12);
  const first = firstDifferenceLines(verification, 'r1', PIPED, '  ');
  expect(first.slice(-2)).toEqual(['  drift: link l9 added, by somebody else (r)', '  drift: 2 more: wf diff r1']);
  expect(first).toHaveLength(11);
});

test('an output is printed in a few words', () => {
  expect(
    outputWords({ name: 'devops', id: 'c'.repeat(64), gateway: null, members: [1, 2], container: { name: 'AppDev' } }),
  ).toBe('name=devops id=cccccccccccc members=2 items container=AppDev');
  expect(outputWords({ a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 })).toBe('a=1 b=2 c=3 d=4 e=5 …');
  expect(outputWords(null)).toBe('');
  expect(outputWords([1])).toBe('1 item');
});
