import { expect, test } from 'vitest';
import type { HistoryPort } from '../../../../src/engine/ports/history.ts';
import { readRunMaterial } from '../../../../src/review/record/run-material.ts';
import type { WorkflowNarrative } from '../../../../src/review/report/explanations.ts';
import { htmlOf } from '../../../../src/review/report/html.ts';
import { markdownOf } from '../../../../src/review/report/markdown.ts';
import { reportDocument } from '../../../../src/review/report/report-document.ts';
import { reportWords } from '../../../../src/review/report/words.ts';
import { openForTest } from '../../../fixtures/history/temporary.ts';
import {
  attempted,
  decided,
  failed,
  PAUSED,
  recordFailure,
  recordResumed,
  recordRun,
  recordSuccess,
  runId,
  succeeded,
} from '../../../fixtures/review/lab-run.ts';
import { labNarrative, RECORDED, replayRecordedLab, reportSource } from '../../../fixtures/review/recorded-lab-run.ts';
import { readPage } from '../../../support/page/html-tree.ts';

const NO_NARRATIVE: WorkflowNarrative = { type: 'available', narrative: null };

/** Returns the report in Markdown; writes both formats and languages, so that each run is tested in all of them. */
function written(history: HistoryPort, id: string, narrative = NO_NARRATIVE): string {
  const run = history.run(runId(id));
  if (run === undefined) throw new Error(`there is no run ${id}`);
  const source = reportSource(history, readRunMaterial(history, run), narrative);
  for (const language of ['en', 'fr'] as const) readPage(htmlOf(reportDocument(source, reportWords(language))));
  return markdownOf(reportDocument(source, reportWords('en')));
}

test('a workflow without a narrative is reported with the names of its stages and steps', () => {
  const { history } = openForTest();
  recordSuccess(history, 'plain');
  const text = written(history, 'plain', { type: 'available', narrative: null });
  expect(text).toMatch(/^# lab-network$/m);
  expect(headings(text, 2)).toEqual([
    'Stage 1: setup',
    'Stage 2: test',
    'Stage 3: teardown',
    'Results',
    'Verification',
    'Ledger',
  ]);
  expect(headings(text, 3)).toEqual(['`createNetwork`', '`pingControl`']);
  expect(text).toContain('$ docker network create devops\n3f2a9c01d4e5\n');
  expect(text).toContain('| joined | 3 of 3 pings answered |');
  expect(text).not.toContain('no explanations');
});

test('a report states that its workflow has changed or is missing, and contains all recorded data', () => {
  const { history } = openForTest();
  recordSuccess(history, 'old');
  const changed = written(history, 'old', { type: 'changed' });
  expect(changed).toContain('> **This report has no explanations**\n>\n> The workflow has changed since this run');
  expect(changed).toContain('$ docker network create devops');
  // The proof was stored when the run ended.
  expect(changed).toContain('| joined | 3 of 3 pings answered |');
  const gone = written(history, 'old', {
    type: 'unavailable',
    reason: 'E_WORKFLOW_NOT_FOUND: there is no workflow "x"',
  });
  expect(gone).toContain('cannot be read:\n>\n> E\\_WORKFLOW\\_NOT\\_FOUND: there is no workflow "x"');
  expect(gone).toContain('$ docker network create devops');
});

test('a report of a failed run lists failed attempts, unreached stages, and changes in place with their undo commands', () => {
  const { history } = openForTest();
  recordFailure(history, 'broken');
  const text = written(history, 'broken');
  expect(text).toContain('> **Status: needs attention**\n>\n> `E_PROBE_FAILED`: 0 of 3 pings from AppDev');
  const step = part(text, '### `pingSplice`');
  expect(step).toContain('**Attempt 1**\n\n> **Attempt 1 failed**');
  expect(step).toContain('**Attempt 2**\n\n> **Attempt 2 failed**');
  expect(part(text, '## Stage 3')).toContain('The run ended without this stage.');
  expect(part(text, '## Results')).toContain('it has proven nothing');
  expect(part(text, '## Verification')).toContain('the run left something behind');
  expect(part(text, '## Verification')).toContain('| `link int_hote` | added | - | `veth` | this run |');
  const ledger = part(text, '## Ledger');
  expect(ledger).toContain('`ip link set int_hote down`\n>\n> `ip link delete int_hote`');
  expect(ledger).toContain('| 2 | link int\\_hote | `addLink` | stuck | device is busy |');
});

test('commands of a rollback are listed as such, and not with the stages', () => {
  const { history } = openForTest();
  const run = recordRun(history, 'undone');
  run.at(0, decided(['setup'], ['createNetwork']));
  run.saw(1, { command: 'docker network create devops' });
  run.at(2, failed('createNetwork'));
  run.saw(3, { command: 'docker network rm devops', attempt: 0 });
  const text = written(history, 'undone');
  expect(part(text, '## Stage 1')).not.toContain('network rm');
  expect(part(text, '## Rollback')).toContain(
    '### Undo: `createNetwork`\n\n`createNetwork`\n\n```console\n$ docker network rm devops',
  );
});

test('a report of a paused, killed and resumed run contains its lifecycle and the interrupted attempt', () => {
  const { history } = openForTest();
  recordResumed(history, 'resumed');
  const lifecycle = part(written(history, 'resumed'), '## Lifecycle of the run');
  expect(lifecycle.match(/^\| 2026.*$/gm)?.map((row) => row.split('|')[2]?.trim())).toEqual([
    'started by process 4711',
    'paused after the stage setup',
    'resumed by process 4712',
    'interrupted: process 4712 was gone',
    'resumed by process 4713',
  ]);
  expect(part(written(history, 'resumed'), '### `pingControl`')).toContain(
    '> **Attempt 1 was interrupted, and has no outcome**',
  );
});

test('a report of an unfinished run contains its progress and the command that resumes it', () => {
  const { history } = openForTest();
  const paused = recordRun(history, 'paused');
  paused.at(0, decided(['setup'], ['createNetwork']));
  paused.at(1, succeeded('createNetwork', null), decided(['test'], ['pingControl'], 'go'), PAUSED);
  history.release(paused.lease);
  const text = written(history, 'paused');
  expect(text).toContain('> **Status: paused**\n>\n> This run has not ended');
  expect(text).toContain('> `wf resume paused`');
  expect(part(text, '## Stage 2')).toContain('The run has not begun this stage yet.');
  expect(text).not.toContain('### `pingControl`');
  const interrupted = recordRun(history, 'cut-off');
  interrupted.at(0, decided(['setup'], ['createNetwork']), attempted('createNetwork'));
  expect(written(history, 'cut-off')).toContain('> **Status: interrupted**');
});

test('a report of the lab, cut off at any journal entry, covers the run up to there', () => {
  const lengths = Array.from({ length: Math.ceil(RECORDED.journal.length / 9) }, (_, index) => index * 9 + 1);
  let drawings = 0;
  for (const entries of lengths) {
    const { history } = openForTest();
    const material = replayRecordedLab(history, { entries });
    const text = written(history, material.run.id, labNarrative(material, 'en'));
    const drawn = text.match(/^```text$/gm)?.length ?? 0;
    // The number of drawings never decreases.
    expect(drawn).toBeGreaterThanOrEqual(drawings);
    drawings = drawn;
    expect(text).not.toContain('undefined');
  }
  expect(drawings).toBe(2);
}, 60_000);

function headings(text: string, level: number): readonly string[] {
  const outside = text.replace(/^(`{3,})[\s\S]*?^\1$/gm, '');
  return [...outside.matchAll(new RegExp(`^${'#'.repeat(level)} (.*)$`, 'gm'))].map(([, title = '']) => title);
}

/** Returns the text from a heading to the next of its level or above. */
function part(text: string, heading: string): string {
  const begin = text.indexOf(`\n${heading}`);
  if (begin === -1) throw new Error(`there is no ${heading}`);
  const level = heading.indexOf(' ');
  const end = text.slice(begin + 1).search(new RegExp(`\\n#{1,${level}} (?!#)`));
  return end === -1 ? text.slice(begin) : text.slice(begin, begin + 1 + end);
}
