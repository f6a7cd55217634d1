import { describe, expect, onTestFinished, test } from 'vitest';
import { asStepId } from '../../../src/engine/model/ids.ts';
import type { JournalEvent } from '../../../src/engine/model/journal-event.ts';
import type { History } from '../../../src/history/history.ts';
import { systemClock } from '../../../src/host/machine/clock.ts';
import { createMetrics, type Metrics } from '../../../src/metrics/create-metrics.ts';
import { AT, DEFINITION, ENDED, headerOf, intended, OWNER } from '../../fixtures/history/samples.ts';
import { openForTest } from '../../fixtures/history/temporary.ts';
import { parsePrometheus, valueIn, valuesOf } from '../../support/prometheus-text.ts';

function open(): { readonly history: History; readonly metrics: Metrics } {
  const { history } = openForTest();
  const metrics = createMetrics({ history, clock: systemClock, isAlive: () => true });
  onTestFinished(() => metrics.close());
  return { history, metrics };
}

let created = 0;
/** A run of a workflow in which one step of a kind succeeds, with a change of the same kind. */
function run(history: History, workflow: string, kind: string): void {
  created += 1;
  const lease = history.create(headerOf(`n${created}`, { workflow }), DEFINITION, OWNER, [], AT);
  const step = asStepId('a');
  const start = { type: 'start-step', step, invoke: 'a', stage: 's', actor: 'a', kind, input: null } as const;
  const change = intended(1, 'a');
  if (change.type !== 'change.intended') throw new Error('it is an intent');
  const events: readonly JournalEvent[] = [
    { type: 'decided', event: null, effects: [start], value: 's', stages: ['s'], digest: 'd' },
    { ...change, change: { ...change.change, kind } },
    { type: 'change.settled', seq: 1, status: 'reverted', reason: null },
    { type: 'step.succeeded', step, attempt: 1, output: null },
    ENDED,
  ];
  history.append(lease, { events }, AT);
}

/** The names as they come from users' code, with the labels that stand for them. */
const HOSTILE: readonly (readonly [string, string])[] = [
  ['the "best"', 'the "best"'],
  ['back\\slash\\n', 'back\\slash\\n'],
  ['} 1\nwf_evil_total 7', '} 1[U+000A]wf_evil_total 7'],
  ['a="b",c="d"', 'a="b",c="d"'],
  ['# TYPE wf_runs counter', '# TYPE wf_runs counter'],
  ['\u001b[2J\u0000\r', '[U+001B][2J[U+0000][U+000D]'],
  ['abc\u202edef', 'abc[U+202E]def'],
  ['é 漢 🦊', 'é 漢 🦊'],
  ['__proto__', '__proto__'],
  ['k'.repeat(1_000_000), `${'k'.repeat(79)}…`],
  ['🦊'.repeat(500), `${'🦊'.repeat(39)}…`],
];

describe('the text', () => {
  test('is of the format 0.0.4, without any run and with some', async () => {
    const { history, metrics } = open();
    expect(metrics.contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    const empty = parsePrometheus(await metrics.text());
    expect(empty.size).toBeGreaterThan(10);
    run(history, 'lab', 'docker.network');
    const parsed = parsePrometheus(await metrics.text());
    expect([...parsed.keys()]).toEqual([...empty.keys()]);
    expect([...parsed.values()].map(({ help }) => help).filter((help) => help.trim() === '')).toEqual([]);
    expect(valueIn(parsed, 'wf_step_duration_seconds_bucket', { kind: 'docker.network', le: '+Inf' })).toBe(1);
  });

  test.for(HOSTILE)('contains the name %j only as a label', async ([name, label]) => {
    const { history, metrics } = open();
    run(history, name, name);
    run(history, name, name);
    const parsed = parsePrometheus(await metrics.text());
    expect([...parsed.keys()].filter((found) => !found.startsWith('wf_') || found.includes('evil'))).toEqual([]);
    expect(valuesOf(parsed, 'wf_steps_total')).toEqual({ [`${label} succeeded`]: 2 });
    expect(valuesOf(parsed, 'wf_changes_settled_total')).toEqual({ [`${label} reverted`]: 2 });
    expect(valuesOf(parsed, 'wf_runs_ended_total')).toEqual({ [`${label} succeeded`]: 2 });
    expect(valueIn(parsed, 'wf_step_duration_seconds_count', { kind: label })).toBe(2);
  });

  test('counts kinds and workflows beyond the limit together', async () => {
    const { history, metrics } = open();
    await history.groupedCommit(() => {
      for (let n = 0; n < 130; n += 1) run(history, `w${n}`, `k${n}`);
    });
    run(history, 'w0', 'k0');
    run(history, 'w129', 'k129');
    const parsed = parsePrometheus(await metrics.text());
    const steps = valuesOf(parsed, 'wf_steps_total');
    expect(Object.keys(steps)).toHaveLength(51);
    expect(steps).toMatchObject({ 'k0 succeeded': 2, 'k49 succeeded': 1, 'other succeeded': 81 });
    expect(valueIn(parsed, 'wf_step_duration_seconds_count', { kind: 'other' })).toBe(81);
    expect(valuesOf(parsed, 'wf_changes_settled_total')).toMatchObject({ 'other reverted': 81 });
    const ends = valuesOf(parsed, 'wf_runs_ended_total');
    expect(Object.keys(ends)).toHaveLength(101);
    expect(ends).toMatchObject({ 'w0 succeeded': 2, 'w99 succeeded': 1, 'other succeeded': 31 });
  });
});

const BROKEN: readonly (readonly [string, string])[] = [
  ['has no end of line', '# HELP a_total b\n# TYPE a_total counter\na_total 1'],
  ['has a sample without a type', 'a_total 1\n'],
  ['has a raw quote', '# HELP a_total b\n# TYPE a_total counter\na_total{k="x"y"} 1\n'],
  ['has a raw line break', '# HELP a_total b\n# TYPE a_total counter\na_total{k="x\ny"} 1\n'],
  ['has an unknown escape', '# HELP a_total b\n# TYPE a_total counter\na_total{k="\\d"} 1\n'],
  ['has a control character', '# HELP a_total b\n# TYPE a_total counter\na_total{k="\u001b"} 1\n'],
  ['has a series twice', '# HELP a_total b\n# TYPE a_total counter\na_total{k="x"} 1\na_total{k="x"} 1\n'],
  ['has a metric twice', '# HELP a b\n# TYPE a gauge\na 1\n# HELP a b\n# TYPE a gauge\na 1\n'],
  ['has a counter without _total', '# HELP a b\n# TYPE a counter\na 1\n'],
  ['has a value that is no number', '# HELP a b\n# TYPE a gauge\na one\n'],
  [
    'has a falling bucket',
    '# HELP a b\n# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n',
  ],
  ['has no last bucket', '# HELP a b\n# TYPE a histogram\na_bucket{le="1"} 1\na_sum 1\na_count 1\n'],
];

test.for(BROKEN)('the parser of these tests refuses a text that %s', ([, text]) => {
  expect(() => parsePrometheus(text)).toThrow();
});
