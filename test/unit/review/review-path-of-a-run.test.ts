import { expect, test } from 'vitest';
import type { JournalEvent } from '../../../src/engine/model/journal-event.ts';
import type { Json } from '../../../src/engine/model/json.ts';
import { readRunMaterial } from '../../../src/review/record/run-material.ts';
import { runRecord } from '../../../src/review/record/run-record.ts';
import { pathLines } from '../../../src/review/text/format/path-text.ts';
import type { TextStyle } from '../../../src/review/text/format/text-style.ts';
import { statePath, statesOnPath } from '../../../src/review/timeline/state-path.ts';
import { openForTest } from '../../fixtures/history/temporary.ts';
import { headerOf, OWNER, recordRun, runId } from '../../fixtures/review/lab-run.ts';
import { PIPED, terminalOf } from '../../fixtures/review/style.ts';

/** A decision that brings the machine to this state. */
function at(value: Json, because: string | null = 'go'): JournalEvent {
  const stages = typeof value === 'string' ? [value] : Object.keys(value ?? {});
  const event = because === null ? null : { type: because };
  return { type: 'decided', event, effects: [], value, stages, digest: 'd'.repeat(64) };
}

function linesOf(values: readonly Json[], style: TextStyle, last: JournalEvent[] = []): readonly string[] {
  const { history } = openForTest();
  const run = recordRun(history, 'r1');
  const decisions = values.map((value, index) => at(value, index === 0 ? null : 'go'));
  [...decisions, ...last].forEach((event, index) => void run.at(index, event));
  const stored = history.run(runId('r1'));
  if (stored === undefined) throw new Error('the run is not there');
  const material = readRunMaterial(history, stored);
  return pathLines(
    statePath(material),
    runRecord(material, () => true),
    style,
  );
}

test('nested and parallel states are listed in order of entry', () => {
  const values = [
    { setup: 'images' },
    { setup: { sides: { dev: 'network', prod: 'network' } } },
    { setup: { sides: { dev: 'network', prod: 'container' } } },
    { setup: { sides: { dev: 'look', prod: 'container' } } },
    'test',
  ];
  expect(linesOf(values, PIPED)).toEqual([
    '  ✓ setup     images → sides (dev: network → look ∥ prod: network → container)',
    '  ▶ test',
    '  · teardown  is to come',
  ]);
  expect(linesOf(values, terminalOf(50))).toEqual([
    '  ✓ setup     images → sides (dev: network → look',
    '              ∥ prod: network → container)',
    '  ▶ test',
    '  · teardown  is to come',
  ]);
});

test('a stage has a line for each visit, and a failed visit its mark', () => {
  const failed = at('setup', 'xstate.error.actor.pingControl');
  expect(linesOf(['setup', 'test'], PIPED, [failed, at('test')])).toEqual([
    '  ✓ setup',
    '  ✗ test',
    '  ✓ setup',
    '  ▶ test',
    '  · teardown  is to come',
  ]);
});

test('a long path is shortened in its middle', () => {
  const rounds = Array.from({ length: 60 }, (_, index) => ({ test: index % 2 === 0 ? 'ask' : 'wait' }));
  const lines = linesOf(['setup', ...rounds], PIPED);
  expect(lines).toHaveLength(3);
  expect(lines[1]).toContain('ask → wait → … 20 more … → ask → wait');
  expect(
    linesOf(
      Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? 'setup' : 'test')),
      PIPED,
    ),
  ).toHaveLength(41);
});

test('a journal without states has no path', () => {
  expect(linesOf([], PIPED)).toEqual([]);
  expect(linesOf([''], PIPED)).toEqual([]);
});

test('statesOnPath returns each state once, by its id', () => {
  const { history } = openForTest();
  const run = recordRun(history, 'r1');
  run.at(0, at({ setup: { sides: { dev: 'network', prod: 'network' } } }, null), at('test'), at({ setup: 'images' }));
  const journal = history.journal(runId('r1'));
  expect([...statesOnPath(statePath({ journal, innerEnds: new Set(['setup.sides.prod.network']) }))]).toEqual([
    'setup',
    'setup.sides',
    'setup.sides.dev',
    'setup.sides.dev.network',
    'setup.sides.prod',
    'test',
    'setup.images',
  ]);
});

test('the definition determines the inner final states', () => {
  const { history } = openForTest();
  const end = { type: 'final' };
  const config = {
    states: { setup: { states: { sides: { states: { dev: end, prod: {} } }, ready: end } }, done: end },
  };
  const header = headerOf('r1');
  history.create(header, { name: 'lab-network', stages: ['setup'], machine: { config } }, OWNER, [], header.createdAt);
  const run = history.run(header.id);
  if (run === undefined) throw new Error('the run is not there');
  expect([...readRunMaterial(history, run).innerEnds]).toEqual(['setup.sides.dev', 'setup.ready']);
});
