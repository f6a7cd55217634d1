import { expect, test } from 'vitest';
import type { HistoryPort } from '../../../src/engine/ports/history.ts';
import { createRelevanceJudge } from '../../../src/review/compare/difference-relevance.ts';
import { memberDifferences } from '../../../src/review/compare/member-differences.ts';
import { compareRuns } from '../../../src/review/compare/run-comparison.ts';
import { readRunMaterial } from '../../../src/review/record/run-material.ts';
import { runRecord } from '../../../src/review/record/run-record.ts';
import { runComparisonLines } from '../../../src/review/text/run/run-comparison-text.ts';
import { openForTest } from '../../fixtures/history/temporary.ts';
import { FAILURE, recordFailure, recordSuccess, runId } from '../../fixtures/review/lab-run.ts';
import { PIPED } from '../../fixtures/review/style.ts';

function comparedRun(history: HistoryPort, id: string) {
  const run = history.run(runId(id));
  if (run === undefined) throw new Error('the run is not there');
  const material = readRunMaterial(history, run);
  return { material, record: runRecord(material, () => true) };
}

function comparison(differences: readonly string[] = []) {
  const { history } = openForTest();
  recordSuccess(history, 'good', { input: { devNetwork: 'devops', pings: 3, route: 'secondary' } });
  recordFailure(history, 'bad');
  return compareRuns(
    history,
    comparedRun(history, 'good'),
    comparedRun(history, 'bad'),
    () => differences,
    () => true,
  );
}

test('a comparison contains inputs, path, steps, outcomes, outputs and timings of two runs', () => {
  const compared = comparison();
  expect(compared).toMatchObject({
    workflow: 'lab-network',
    first: { id: 'good', status: 'succeeded' },
    second: { id: 'bad', status: 'needs-attention' },
    definition: { equal: true, differences: [] },
    inputs: [{ member: 'route', first: 'secondary' }],
    path: { onlyFirst: ['teardown', 'done'], onlySecond: [] },
    steps: { onlyFirst: ['pingControl'], onlySecond: ['addLink', 'pingSplice'] },
    outcomes: [
      {
        step: null,
        first: { status: 'succeeded', error: null },
        second: { status: 'needs-attention', error: FAILURE },
      },
    ],
    timings: {
      run: { first: 6_200, second: 2_600, ratio: 0.42 },
      stages: [
        { stage: 'setup', first: 100, second: 100, ratio: 1 },
        { stage: 'test', first: 2_000, second: 2_200, ratio: 1.1 },
        { stage: 'teardown', second: null, ratio: null },
      ],
    },
  });
  expect(compared.inputs[0]).not.toHaveProperty('second');
  expect(compared.outputs.map(({ step, member, relevance }) => [step, member, relevance])).toEqual([
    ['createNetwork', 'id', 'significant'],
    ['createNetwork', 'members', 'significant'],
  ]);
});

test('a comparison is printed as text', () => {
  expect(runComparisonLines(comparison(), PIPED)).toEqual([
    'two runs of lab-network',
    '  good  succeeded        6.2 s',
    '  bad   needs-attention  2.6 s',
    '',
    'definition',
    '  the same',
    '',
    'inputs',
    '  input  good       bad',
    '  route  secondary  (absent)',
    '',
    'path',
    '  in good only',
    '    teardown  done',
    '',
    'steps',
    '  in good only',
    '    pingControl',
    '  in bad only',
    '    addLink  pingSplice',
    '',
    'outcomes',
    '  of       good       bad',
    `  the run  succeeded  needs-attention: E_PROBE_FAILED: ${FAILURE.message}`,
    '',
    'outputs',
    '  output                 good          bad',
    '  createNetwork.id       cccccccccccc  (absent)',
    '  createNetwork.members  []            (absent)',
    '',
    'timings',
    '  stage and step     good     bad   ratio',
    '  the run           6.2 s   2.6 s  x 0.42',
    '  setup            100 ms  100 ms  x 1.00',
    '    createNetwork  100 ms  100 ms  x 1.00',
    '  test              2.0 s   2.2 s  x 1.10',
    '  teardown          3.9 s       -       -',
  ]);
});

test('members are compared at every depth, and items of a list by name if they share one', () => {
  expect(memberDifferences({ a: 1, b: { c: [1, 2] } }, { b: { c: [1, 3, 4] }, a: 1 })).toEqual([
    { member: 'b.c.1', first: 2, second: 3 },
    { member: 'b.c.2', second: 4 },
  ]);
  const [x, y, z] = [
    { name: 'x', up: true },
    { name: 'y', up: true },
    { name: 'z', up: true },
  ] as const;
  expect(memberDifferences([x, y], [y, { ...x, up: false }])).toEqual([{ member: 'x.up', first: true, second: false }]);
  expect(memberDifferences([x, y], [y, z])).toEqual([
    { member: 'x', first: x },
    { member: 'z', second: z },
  ]);
  expect(memberDifferences('a', ['a'])).toEqual([{ member: '', first: 'a', second: ['a'] }]);
});

test('a difference is classified as significant, derived or incidental', () => {
  const { judge } = createRelevanceJudge(['run1', 'run2']);
  const relevanceOf = (member: string, first: string | number, second: string | number) =>
    judge({ member, first, second });
  expect(relevanceOf('pid', 4711, 4712)).toBe('incidental');
  expect(relevanceOf('rttMs', 0.5, 0.7)).toBe('incidental');
  expect(relevanceOf('alias', 'wf.run=run1', 'wf.run=run2')).toBe('incidental');
  expect(relevanceOf('bridge', `br-${'a'.repeat(12)}`, `br-${'b'.repeat(12)}`)).toBe('incidental');
  expect(relevanceOf('received', 3, 0)).toBe('significant');
  expect(relevanceOf('name', 'devops', 'x-devops')).toBe('significant');
  expect(relevanceOf('subnet', '172.18.0.0/16', '172.21.0.0/16')).toBe('significant');
  expect(relevanceOf('address', '172.18.0.2', '172.21.0.3')).toBe('significant');
  expect(relevanceOf('url', 'http://172.18.0.2:5678/', 'http://172.21.0.3:5678/')).toBe('derived');
  expect(
    relevanceOf('target', `network devops on br-${'a'.repeat(12)}`, `network x-devops on br-${'b'.repeat(12)}`),
  ).toBe('derived');
  expect(relevanceOf('again', 'devops', 'x-devops')).toBe('derived');
  expect(relevanceOf('body', 'devops', 'something else')).toBe('significant');
  expect(judge({ member: 'id', second: 'c'.repeat(64) })).toBe('significant');
});
