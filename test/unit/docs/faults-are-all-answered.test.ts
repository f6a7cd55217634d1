import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const FAULTS = 50;
/** Faults of features that wf does not have yet: confirmation, fleets, a test kit for authors. */
const OF_LATER_FEATURES = [43, 45, 46, 48];
const tests = fileURLToPath(new URL('../..', import.meta.url));
const text = readFileSync(path.join(tests, 'README.md'), 'utf8');
const rows = text.split('\n').flatMap((line) => {
  const [, number, fault, proof] = /^\| (\d+) \| (.+) \| (.+) \|$/.exec(line) ?? [];
  return number === undefined || fault === undefined || proof === undefined
    ? []
    : [{ number: Number(number), fault, proof }];
});

describe('the table of faults in test/README.md', () => {
  test('lists each fault once, in order', () => {
    const all = Array.from({ length: FAULTS }, (_, index) => index + 1);
    expect(rows.map(({ number }) => number)).toEqual(all.filter((number) => !OF_LATER_FEATURES.includes(number)));
  });

  test.each(rows)('$number, $fault: names existing tests', ({ proof }) => {
    const files = [...proof.matchAll(/`([^`]+\.test\.ts)`((?:,? "[^"]+")*)/g)];
    expect(files.length).toBeGreaterThan(0);
    for (const [, file = '', names = ''] of files) {
      expect(existsSync(path.join(tests, file)), file).toBe(true);
      const source = readFileSync(path.join(tests, file), 'utf8');
      for (const [, name = ''] of names.matchAll(/"([^"]+)"/g)) expect(source, file).toContain(name);
    }
  });

  test('names only existing files, as does the rest of the page', () => {
    for (const [, file = ''] of text.matchAll(/`([a-z]+\/[^`]+\.test\.ts)`/g)) {
      expect(existsSync(path.join(tests, file)), file).toBe(true);
    }
  });
});
