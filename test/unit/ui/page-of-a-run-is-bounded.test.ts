import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asStepId } from '../../../src/engine/model/ids.ts';
import type { Json } from '../../../src/engine/model/json.ts';
import type { Clock } from '../../../src/engine/ports/clock.ts';
import { rememberJournals } from '../../../src/history/remembered-journals.ts';
import type { WfCommandEnd } from '../../../src/library/commands/wf-command.ts';
import { ROW_HEIGHT, scrollTopFor, segmentsOf } from '../../../src/ui/pages/run/row-window.ts';
import { filteredRows, type TimelineRow, timelineRows } from '../../../src/ui/pages/run/timeline-content.ts';
import { evidencePart } from '../../../src/ui/views/evidence-part.ts';
import { createReports } from '../../../src/ui/views/reports.ts';
import { runView } from '../../../src/ui/views/runs/run-view.ts';
import { readStep, stepTranscript, stepView } from '../../../src/ui/views/step-view.ts';
import { topologyView } from '../../../src/ui/views/topology-view.ts';
import { storedRun } from '../../fixtures/history/stored-run.ts';
import { openForTest } from '../../fixtures/history/temporary.ts';
import { attempted, decided, failed, recordRun, runId, succeeded } from '../../fixtures/review/lab-run.ts';

const isAlive = () => true;

describe('the rows of the timeline', () => {
  function rowsOfRun(): readonly TimelineRow[] {
    const { history } = openForTest();
    const { at } = recordRun(history, 'rows');
    at(0, decided(['setup'], ['createNetwork', 'pingAppDev']), succeeded('createNetwork', {}));
    at(10, { type: 'step.retrying', step: asStepId('pingAppDev'), attempt: 1, error: ERROR, retryAt: 20 });
    at(20, attempted('pingAppDev', 2), succeeded('pingAppDev', {}, 2));
    at(30, decided(['test'], ['pingAppProd']), failed('pingAppProd'));
    at(40, { type: 'rolling-back', error: ERROR, kept: [] });
    const run = storedRun(history, runId('rows'));
    return timelineRows(runView(history, run, { isAlive, pidNamespace: '1' }, run.createdAt + 50));
  }
  const keys = (rows: readonly TimelineRow[]) => rows.map(({ key }) => key);

  test('are the stages, each with its steps, then the rollback', () => {
    expect(keys(rowsOfRun())).toEqual([
      'stage setup',
      'createNetwork',
      'pingAppDev',
      'stage test',
      'pingAppProd',
      'stage teardown',
      'rollback',
    ]);
  });

  test('are filtered by text and failure, with the stages of what is left', () => {
    const rows = rowsOfRun();
    const found = (text: string, failedOnly = false) => keys(filteredRows(rows, { text, failedOnly }));
    expect(found('')).toEqual(keys(rows));
    expect(found('NETWORK')).toEqual(['stage setup', 'createNetwork']);
    expect(found('0 of 3 pings')).toEqual(['stage test', 'pingAppProd']);
    expect(found('teardown')).toEqual(['stage teardown']);
    expect(found('setup')).toEqual(['stage setup', 'createNetwork', 'pingAppDev']);
    expect(found('', true)).toEqual(['stage setup', 'pingAppDev', 'stage test', 'pingAppProd']);
    expect(found('devops', true)).toEqual([]);
  });

  test('are rendered in view, in order, with the room of all others and the focused one', () => {
    const cases = fc.record({
      count: fc.integer({ min: 0, max: 30_000 }),
      top: fc.integer({ min: 0, max: 1_000_000 }),
      height: fc.integer({ min: 0, max: 2_000 }),
      kept: fc.option(fc.integer({ min: 0, max: 29_999 })),
    });
    fc.assert(
      fc.property(cases, ({ count, top, height, kept }) => {
        const segments = segmentsOf(count, { top, height }, kept);
        let at = 0;
        const rendered = new Set<number>();
        for (const segment of segments) {
          expect(segment.from).toBe(at);
          at = segment.type === 'rows' ? segment.to : segment.from + segment.rows;
          if (segment.type === 'rows') for (let row = segment.from; row < segment.to; row += 1) rendered.add(row);
        }
        expect(at).toBe(count);
        expect(rendered.size).toBeLessThanOrEqual(Math.max(200, height / ROW_HEIGHT + 28));
        if (kept !== null && kept < count) expect(rendered.has(kept)).toBe(true);
        for (let row = Math.floor(top / ROW_HEIGHT); row * ROW_HEIGHT < top + height && row < count; row += 1)
          expect(rendered.has(row)).toBe(true);
      }),
    );
    expect(scrollTopFor(5, { top: 0, height: 600 })).toBeUndefined();
    expect(scrollTopFor(500, { top: 0, height: 600 })).toBe(500 * ROW_HEIGHT - 200);
  });
});

const ERROR = { code: 'E_STEP_FAILED', message: 'no answer', hint: 'Try again.' } as const;

test('the page of a step has the beginning of long texts and the last commands; the transcript has all', () => {
  const { history } = openForTest();
  const { at, saw } = recordRun(history, 'long');
  at(0, decided(['setup'], ['createNetwork']));
  for (let number = 1; number <= 130; number += 1)
    saw(number, { command: `look ${number}`, output: `\u001b[31m${number}\u001b[0m \u202e` });
  saw(200, { command: 'read all', output: 'x'.repeat(10_000) });
  at(300, succeeded('createNetwork', { text: 'y'.repeat(20_000) }));
  const run = storedRun(history, runId('long'));
  const step = stepView(history, run, 'createNetwork', isAlive);
  expect(step.commands).toHaveLength(100);
  expect(step.omittedCommands).toBe(31);
  expect(step.commands[0]).toMatchObject({ command: 'look 32', output: { text: '32 [U+202E]', omitted: 0 } });
  expect(step.commands.at(-1)?.output).toEqual({ text: 'x'.repeat(8_000), omitted: 2_000 });
  expect(step.output?.omitted).toBeGreaterThan(12_000);
  expect(readStep(history, run, 'createNetwork', isAlive).evidence).toHaveLength(131);
  const transcript = stepTranscript(history, run, 'createNetwork', isAlive);
  expect(transcript).toContain('$ look 1\n');
  expect(transcript).toContain('x'.repeat(10_000));
  expect(() => stepView(history, run, 'createNetwrok', isAlive)).toThrow(/no step "createNetwrok"/);
});

test('an answer with evidence ends after four million characters, and the next one continues it', () => {
  const { history } = openForTest();
  const { at, saw } = recordRun(history, 'loud');
  const steps = Array.from({ length: 50 }, (_, index) => `step${index}`);
  at(0, decided(['test'], steps));
  for (const step of steps) saw(1, { step: asStepId(step), output: 'x'.repeat(200_000) });
  const read: number[] = [];
  const parts: boolean[] = [];
  for (let hasMore = true; hasMore; parts.push(hasMore)) {
    const part = evidencePart(history, runId('loud'), null, read.at(-1) ?? 0, 1_000);
    expect(part.evidence.length).toBeLessThanOrEqual(20);
    read.push(...part.evidence.map(({ ordinal }) => ordinal));
    ({ hasMore } = part);
  }
  expect(read).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  expect(parts).toEqual([true, true, false]);
});

test('remembered journals are read unchanged', () => {
  const { history } = openForTest();
  const remembered = rememberJournals(history);
  const { at } = recordRun(history, 'read');
  const id = runId('read');
  const check = () => {
    expect(remembered.journal(id)).toEqual(history.journal(id));
    expect(remembered.journal(id, 2)).toEqual(history.journal(id, 2));
  };
  check();
  for (let count = 0; count < 5; count += 1) {
    at(count, decided(['setup'], [`step${count}`]));
    check();
    check();
  }
  at(9, { type: 'ended', status: 'failed', output: null, error: ERROR });
  check();
  history.pruneSome({ endedBefore: Number.MAX_SAFE_INTEGER, keep: 0, isAlive: () => false }, null);
  check();
  const again = recordRun(history, 'read', { createdAt: 5_000 });
  again.at(1, decided(['test'], ['another']));
  again.at(2, decided(['test'], ['more']), decided(['test'], ['most']));
  check();
  expect(remembered.journal(id).length).toBe(3);
  expect(remembered.journal(id, 1, 1)).toEqual(history.journal(id, 1, 1));
});

test('a part of a journal is read without the whole', () => {
  const { history } = openForTest();
  const limits: (number | undefined)[] = [];
  const journal: typeof history.journal = (id, after, limit) => {
    limits.push(limit);
    return history.journal(id, after, limit);
  };
  const { at } = recordRun(history, 'part');
  at(1, decided(['test'], ['one']), decided(['test'], ['two']), decided(['test'], ['three']));
  expect(rememberJournals({ ...history, journal }).journal(runId('part'), 1, 2)).toEqual(
    history.journal(runId('part'), 1, 2),
  );
  expect(limits).toEqual([2]);
});

describe('the explanations of a run', () => {
  const changed: Json = { run: 'recorded', language: 'en', explanations: { type: 'changed' } };

  function open(answer: () => WfCommandEnd | 'never', after: Clock['after'] = () => () => {}) {
    const { history } = openForTest();
    const recorder = recordRun(history, 'recorded');
    const asked: (readonly string[])[] = [];
    let atOnce = 0;
    let most = 0;
    const reports = createReports(
      (argv) => {
        asked.push(argv);
        atOnce += 1;
        most = Math.max(most, atOnce);
        let kill = () => {};
        const end = new Promise<WfCommandEnd>((resolve) => {
          kill = () => resolve({ exitCode: null, document: undefined, stderr: '', isCut: false });
          const answered = answer();
          if (answered !== 'never') setImmediate(resolve, answered);
        }).finally(() => {
          atOnce -= 1;
        });
        return { pid: 1, end, release: () => {}, kill: () => kill() };
      },
      { after },
    );
    return { history, recorder, run: () => storedRun(history, runId('recorded')), asked, reports, most: () => most };
  }

  test('are computed once for each stage of the run and language, two at a time', async () => {
    const { history, recorder, run, asked, reports, most } = open(() => ({
      exitCode: 0,
      document: changed,
      stderr: '',
      isCut: false,
    }));
    recorder.at(0, decided(['setup']));
    expect(reports.known(history, run(), 'en')).toBeUndefined();
    await Promise.all([reports.explanations(history, run(), 'en'), reports.explanations(history, run(), 'en')]);
    // The run continues while several pages follow it.
    for (let count = 1; count < 5; count += 1) {
      recorder.at(count, decided(['setup'], [`step${count}`]), succeeded(`step${count}`, {}));
      await Promise.all([reports.explanations(history, run(), 'en'), reports.explanations(history, run(), 'en')]);
    }
    expect(asked).toEqual([['report', '--format=json', '--lang=en', '--', 'recorded']]);
    expect(reports.known(history, run(), 'en')).toEqual(changed);
    // Another run takes the id of one that was pruned.
    history.append(recorder.lease, { events: [{ type: 'ended', status: 'failed', output: null, error: ERROR }] }, 5);
    history.pruneSome({ endedBefore: Number.MAX_SAFE_INTEGER, keep: 0, isAlive: () => false }, null);
    const again = recordRun(history, 'recorded', { createdAt: 7_000 });
    again.at(0, decided(['setup']));
    expect(reports.known(history, run(), 'en')).toBeUndefined();
    await reports.explanations(history, run(), 'en');
    expect(asked.splice(1)).toHaveLength(1);
    again.at(6, decided(['test']));
    expect(reports.known(history, run(), 'en')).toBeUndefined();
    await Promise.all([
      reports.explanations(history, run(), 'en'),
      reports.explanations(history, run(), 'fr'),
      ...['html', 'markdown', 'html'].map(() => reports.text(run().id, 'html', 'en').catch(() => {})),
    ]);
    expect([asked.length, most()]).toEqual([6, 2]);
    expect(topologyView(await reports.explanations(history, run(), 'en')).missing).toMatch(
      /has changed since this run/,
    );
  });

  test('are computed once a minute for all runs of a workflow without a narrative', async () => {
    const none = { type: 'available', narrative: null };
    const passed: (() => void)[] = [];
    const { history, recorder, run, asked, reports } = open(
      () => ({
        exitCode: 0,
        document: { run: 'recorded', language: 'en', explanations: none },
        stderr: '',
        isCut: false,
      }),
      (delayMs, callback) => {
        if (delayMs === 60_000) passed.push(callback);
        return () => {};
      },
    );
    await reports.explanations(history, run(), 'en');
    recorder.at(0, decided(['setup']));
    recordRun(history, 'other');
    for (const [id, language] of [
      ['recorded', 'en'],
      ['recorded', 'fr'],
      ['other', 'en'],
    ] as const) {
      const expected = { run: id, language, explanations: none };
      expect(reports.known(history, storedRun(history, runId(id)), language)).toEqual(expected);
      expect(await reports.explanations(history, storedRun(history, runId(id)), language)).toEqual(expected);
    }
    expect(asked).toHaveLength(1);
    // A narrative that somebody adds to the file is shown.
    for (const callback of passed) callback();
    expect(reports.known(history, run(), 'en')).toBeUndefined();
    await reports.explanations(history, run(), 'en');
    expect(asked).toHaveLength(2);
  });

  test('are requested again after an error', async () => {
    const error = { code: 'E_RUN_NOT_FOUND', message: 'no run', hint: 'List them.' };
    const { history, run, asked, reports } = open(() => ({
      exitCode: 2,
      document: { error },
      stderr: '',
      isCut: false,
    }));
    await expect(reports.explanations(history, run(), 'en')).rejects.toMatchObject({ code: 'E_RUN_NOT_FOUND' });
    await expect(reports.text(run().id, 'html', 'fr')).rejects.toMatchObject({ message: 'no run' });
    await expect(reports.explanations(history, run(), 'en')).rejects.toThrow();
    expect(asked.length).toBe(3);
  });

  test('are abandoned after 45 s, and then requested again', async () => {
    let timeIsUp = () => {};
    const { history, run, reports } = open(
      () => 'never',
      (_delayMs, callback) => {
        timeIsUp = callback;
        return () => {};
      },
    );
    const asked = reports.explanations(history, run(), 'en');
    timeIsUp();
    await expect(asked).rejects.toThrow('`wf report recorded` has not ended within 45 s, and was killed');
    expect(reports.known(history, run(), 'en')).toBeUndefined();
  });
});
