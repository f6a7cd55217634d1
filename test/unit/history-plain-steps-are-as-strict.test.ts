import { test } from 'vitest';
import { plainStep } from '../../src/history/plain-step.ts';
import { stepRow } from '../../src/history/rows/run-row.ts';
import { inTwoWays } from '../fixtures/history/plain-rows.ts';

const { expectTaken, expectNoOtherTaken } = inTwoWays({
  row: {
    id: 'isolation.ping-2',
    stage: 'isolation',
    kind: 'probe.ping',
    status: 'running',
    attempts: 1,
    started_at: 1_700_000_000_000,
    finished_at: null,
    input: '{"from":"AppDev"}',
    output: null,
    error: null,
  },
  plain: plainStep,
  schema: stepRow(),
});

test('a row whose columns are in order is taken without the schema, and is what the schema makes of it', () => {
  for (const [column, value] of [
    [3, 'succeeded'],
    [6, 1_700_000_000_007],
    [7, 'null'],
    [8, '{"received":3}'],
  ] as const) {
    expectTaken(column, value);
  }
});

test('no row is taken of which the schema refuses a column, or makes something else', expectNoOtherTaken);
