import { expect, test } from 'vitest';
import type { JournalEvent } from '../../../../src/engine/model/journal-event.ts';
import { readRunMaterial } from '../../../../src/review/record/run-material.ts';
import { htmlOf } from '../../../../src/review/report/html.ts';
import { markdownOf } from '../../../../src/review/report/markdown.ts';
import { reportDocument } from '../../../../src/review/report/report-document.ts';
import { reportWords } from '../../../../src/review/report/words.ts';
import { openForTest } from '../../../fixtures/history/temporary.ts';
import { decided, failed, headerOf, intended, recordRun, settled, verified } from '../../../fixtures/review/lab-run.ts';
import { recordedReport, reportSource } from '../../../fixtures/review/recorded-lab-run.ts';
import { elementsIn, named, readPage, textIn } from '../../../support/page/html-tree.ts';

const HOSTILE = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</pre></samp></main><h1>owned</h1>',
  '<!-- not closed',
  '&lt;b&gt; &amp; &#x3c;',
  '```\n# owned\n```',
  '````\n<b>owned</b>',
  '`code` **bold** _it_ [link](javascript:alert(1)) ![x](http://evil.example/x)',
  '| a | b |\n|---|---|',
  'a \\| b \\\\| c',
  'http://evil.example www.evil.example',
  '# owned\n- [ ] owned\n1. owned\n> owned',
  '\u001b[31mred\u001b]0;title\u0007\r\nnext\u0000\u0008',
  'abc\u202egnp.exe\u2066',
  '\ud800 lone',
  '$(touch owned) $x$',
].join('\n');

/** A failed run in which every free text is hostile. */
function hostileDocument(language: 'en' | 'fr') {
  const { history } = openForTest();
  const one = HOSTILE.replaceAll('\n', ' ');
  const run = recordRun(history, 'hostile', { workflow: 'lab-network', input: { [one]: HOSTILE } }, [one, 'two']);
  const error = { code: 'E_PROBE_FAILED', message: HOSTILE, hint: HOSTILE } as const;
  run.at(0, decided([one], ['createNetwork', one]));
  run.saw(1, { command: HOSTILE, output: HOSTILE });
  run.saw(1, { command: HOSTILE, output: HOSTILE, attempt: 0 });
  run.at(2, intended(1, 'createNetwork', HOSTILE, [HOSTILE]), settled(1, 'stuck', HOSTILE));
  const steps: readonly JournalEvent[] = [failed('createNetwork', error), failed(one, error)];
  run.at(3, ...steps);
  const difference = {
    subject: one,
    difference: 'altered',
    before: one,
    after: one,
    owner: 'run',
    reason: one,
  } as const;
  run.at(
    4,
    verified({ restored: false, residues: [difference], unexplained: [], drift: [difference], notCompared: [] }),
    {
      type: 'ended',
      status: 'needs-attention',
      output: null,
      error,
    },
  );
  const stored = history.run(headerOf('hostile').id);
  if (stored === undefined) throw new Error('the run is not there');
  const workflowNarrative = {
    type: 'available',
    proofs: null,
    narrative: {
      title: HOSTILE,
      introduction: [HOSTILE, '`not closed'],
      stages: { [one]: { title: HOSTILE, text: [HOSTILE], notice: [HOSTILE] } },
      steps: { createNetwork: HOSTILE },
      tables: [{ title: HOSTILE, columns: [HOSTILE, HOSTILE], rows: [[HOSTILE, HOSTILE]] }],
      drawings: [
        {
          title: HOSTILE,
          text: HOSTILE,
          stage: null,
          layers: [
            {
              group: HOSTILE,
              boxes: [
                { id: 'a', title: HOSTILE, lines: [HOSTILE], ports: [], origin: 'given' },
                { id: 'b', title: HOSTILE, lines: [], ports: [], origin: 'added' },
              ],
            },
          ],
          wires: [],
          paths: [{ from: 'a', to: 'b', state: 'unclear', seen: HOSTILE }],
        },
      ],
    },
  } as const;
  return reportDocument(
    reportSource(history, readRunMaterial(history, stored), workflowNarrative),
    reportWords(language),
  );
}

test('a page with hostile content has no new elements, attributes or links', () => {
  const [page, harmless] = [readPage(htmlOf(hostileDocument('fr'))), readPage(htmlOf(recordedReport('fr')))];
  const kinds = (root: typeof page) => new Set(elementsIn(root).map(({ name }) => name));
  const attributes = (root: typeof page) => new Set(elementsIn(root).flatMap((one) => [...one.attributes.keys()]));
  expect([...kinds(page)].filter((name) => !kinds(harmless).has(name))).toEqual([]);
  expect([...attributes(page)].filter((name) => !attributes(harmless).has(name))).toEqual([]);
  const links = named(page, 'a').map(({ attributes }) => attributes.get('href'));
  expect(links.filter((href) => !/^#(?:report|section-\d+)$/.test(href ?? ''))).toEqual([]);
});

test('a page shows hostile output as text, without terminal or bidirectional controls', () => {
  const [shown = ''] = named(readPage(htmlOf(hostileDocument('en'))), 'samp').map(textIn);
  for (const line of HOSTILE.split('\n').slice(0, 7)) expect(shown).toContain(line);
  expect(shown).toContain('red\nnext');
  expect(shown).toContain('abc[U+202E]gnp.exe[U+2066]');
  for (const text of [htmlOf(hostileDocument('en')), markdownOf(hostileDocument('en'))]) {
    expect(Array.from(text).filter(steers)).toEqual([]);
  }
});

test('Markdown content cannot close its fence, and text outside of fences is escaped', () => {
  const text = markdownOf(hostileDocument('en'));
  const outside = withoutFences(text);
  expect(outside).not.toMatch(/^# owned/m);
  expect(text.match(/^# /gm)?.length).toBe(1 + (text.match(/^# owned$/gm)?.length ?? 0));
  const bare = withoutCode(outside);
  // Every character that could begin markup is escaped.
  expect(bare.replace(/\\./g, '')).not.toMatch(/[<`[\]]|https?:\/\/|www\./);
  expect(bare.replace(/\\./g, '').replaceAll('**', '')).not.toMatch(/[*_]/);
});

test('a row of a Markdown table has as many cells as its head, whatever they contain', () => {
  const rows = withoutFences(markdownOf(hostileDocument('en')))
    .split('\n\n')
    .filter((part) => /^\|.*\|$/m.test(part));
  expect(rows.length).toBeGreaterThan(4);
  for (const table of rows) {
    const cells = table
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .map((line) => line.replace(/\\\\/g, '').replace(/\\\|/g, '').split('|').length);
    expect(new Set(cells).size, table).toBe(1);
  }
});

/** Returns whether this is a control, bidirectional or surrogate character, except tab and line feed. */
function steers(character: string): boolean {
  return character !== '\n' && character !== '\t' && /\p{Cc}|\p{Bidi_Control}|\p{Surrogate}/u.test(character);
}

/** Returns the Markdown outside of fences, by the rules of CommonMark. */
function withoutFences(text: string): string {
  let fence: string | undefined;
  return text
    .split('\n')
    .filter((line) => {
      const [ticks] = /^`{3,}/.exec(line) ?? [];
      if (fence === undefined) {
        fence = ticks;
        return ticks === undefined;
      }
      if (ticks !== undefined && ticks.length >= fence.length && line === ticks) fence = undefined;
      return false;
    })
    .join('\n');
}

/** Code spans end at the next run of as many backticks; a backtick after a backslash begins none. */
function withoutCode(text: string): string {
  return text.replace(/\\[\s\S]|(`+)([\s\S]*?[^`])\1(?!`)/g, (all, ticks: string | undefined) =>
    ticks === undefined ? all : '',
  );
}
