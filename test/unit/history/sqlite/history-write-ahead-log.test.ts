import fs from 'node:fs';
import { expect, test } from 'vitest';
import { walOf } from '../../../../src/history/sqlite/side-files.ts';
import { AT, DEFINITION, headerOf, OWNER } from '../../../fixtures/history/samples.ts';
import { openForTest } from '../../../fixtures/history/temporary.ts';

const MIB = 1024 * 1024;

test('the log is overwritten from 1.2 MiB on', () => {
  const { history, path } = openForTest();
  const lease = history.create(headerOf('long'), DEFINITION, OWNER, [], AT);
  const lengths = Array.from({ length: 500 }, () => {
    history.append(lease, { events: [{ type: 'waiting', events: [] }] }, AT);
    return fs.statSync(walOf(path)).size;
  });
  expect(Math.max(...lengths)).toBeGreaterThan(1 * MIB);
  expect(Math.max(...lengths)).toBeLessThan(1.5 * MIB);
});
