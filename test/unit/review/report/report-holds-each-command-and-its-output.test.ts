import { expect, test } from 'vitest';
import { htmlOf } from '../../../../src/review/report/html.ts';
import { markdownOf } from '../../../../src/review/report/markdown.ts';
import { RECORDED, recordedReport } from '../../../fixtures/review/recorded-lab-run.ts';
import { named, readPage, textIn } from '../../../support/page/html-tree.ts';

/** Each command with its output, as in a terminal. */
const typed = RECORDED.evidence.map(({ command, output }) => `$ ${command}\n${output}`.replace(/\n+$/, ''));

test.each(['en', 'fr'] as const)('the page in %s has every command with its whole output', (language) => {
  const page = readPage(htmlOf(recordedReport(language)));
  const shown = named(page, 'pre').map(textIn);
  expect(shown.toSorted()).toEqual(typed.toSorted());
  expect(shown.length).toBeGreaterThan(60);
});

test.each(['en', 'fr'] as const)('Markdown in %s has every command with its whole output', (language) => {
  const text = markdownOf(recordedReport(language));
  const blocks = [...text.matchAll(/^(`{3,})console\n([\s\S]*?)\n\1$/gm)].map(([, , block]) => block);
  expect(blocks.toSorted()).toEqual(typed.toSorted());
});

test('commands are listed with their stage, and stages in order', () => {
  const page = readPage(htmlOf(recordedReport('en')));
  const stages = named(page, 'section').filter((section) => /^Stage \d/.test(textIn(named(section, 'h2')[0] ?? page)));
  expect(stages.map((stage) => textIn(named(stage, 'h2')[0] ?? page))).toEqual([
    'Stage 1: Two networks, two containers',
    'Stage 2: Proof that Docker isolates the networks',
    'Stage 3: The splice: a veth pair that Docker does not know about',
    'Stage 4: Proof that the splice works',
    'Stage 5: Teardown',
    'Stage 6: Proof that nothing is left',
  ]);
  const [, , splice] = stages;
  const commands = named(splice ?? page, 'pre').map(textIn);
  expect(commands.join('\n')).toContain('ip route add default via 172.18.0.1\nRTNETLINK answers: File exists');
  expect(commands.find((command) => command.includes('wget'))).toBeUndefined();
});

test('a report contains the results, the verification and the whole ledger', () => {
  const text = markdownOf(recordedReport('en'));
  expect(text).toContain(
    '| spliced | 3 of 3 pings, HTTP "Production" at 172.18.0.100; other direction: 3 of 3, HTTP "Mon AppDev" |',
  );
  expect(text).toContain('The host is as it was before the run.');
  const ledger = text.slice(text.indexOf('\n## Ledger'));
  const changes = RECORDED.journal.flatMap(({ event }) => (event.type === 'change.intended' ? [event.change] : []));
  expect(changes).toHaveLength(13);
  for (const { seq, step } of changes) expect(ledger).toMatch(new RegExp(`^\\| ${seq} \\| .*\`${step}\``, 'm'));
  expect(ledger).not.toContain('may still be on the host');
});

test('every address that a step read is in the table of addresses', () => {
  const text = markdownOf(recordedReport('en'));
  const table = text.slice(text.indexOf('**Addresses**'), text.indexOf('\n## Results'));
  for (const found of [
    '172.18.0.2/16',
    '172.18.0.100/16',
    '172.19.0.2/16',
    '172.18.0.1/16',
    '172.19.0.1/16',
    'int_hote',
  ]) {
    expect(table).toContain(`\`${found}\``);
  }
});
