import { expect, test } from 'vitest';
import { ageOption, momentOption } from '../../../../src/review/query/moment.ts';
import { errorOf } from '../../../fixtures/history/temporary.ts';

const NOW = Date.UTC(2026, 10, 24, 12, 0, 0);
const HOUR = 3_600_000;

test.each([
  ['90s', 90_000],
  ['15m', HOUR / 4],
  ['2h', 2 * HOUR],
  ['7d', 168 * HOUR],
  ['4w', 672 * HOUR],
  ['1d12h', 36 * HOUR],
  ['0s', 0],
])('%s is a duration, and a point in time that long ago', (text, ms) => {
  expect(ageOption('--last', text)).toBe(ms);
  expect(momentOption('--since', text, NOW)).toBe(NOW - ms);
});

test.each([
  ['2026-11-01', Date.UTC(2026, 10, 1)],
  ['2026-11-01T18:30', Date.UTC(2026, 10, 1, 18, 30)],
  ['2026-11-01 18:30:05', Date.UTC(2026, 10, 1, 18, 30, 5)],
  ['2026-11-01T18:30:05.250Z', Date.UTC(2026, 10, 1, 18, 30, 5, 250)],
  ['2026-11-01T18:30+01:00', Date.UTC(2026, 10, 1, 17, 30)],
  ['2024-02-29', Date.UTC(2024, 1, 29)],
])('%s is a point in time', (text, at) => {
  expect(momentOption('--since', text, NOW)).toBe(at);
});

test.each([
  '',
  '7',
  'd',
  '7 d',
  '7y',
  '-7d',
  '1.5h',
  'yesterday',
  '2026-02-29',
  '2026-13-01',
  '2026-11-01T25:00',
  '2026-11-01T18:30+99:00',
  '2026',
  '20261101',
  '9999999w',
])('"%s" is neither, and the hint gives an example', (text) => {
  expect(errorOf(() => momentOption('--since', text, NOW))).toMatchObject({
    code: 'E_USAGE',
    exitCode: 2,
    message: `--since ${text}: not a point in time`,
    hint: expect.stringContaining('2026-11-01'),
  });
  expect(errorOf(() => ageOption('--last', text))).toMatchObject({
    code: 'E_USAGE',
    hint: expect.stringContaining('7d'),
  });
});
