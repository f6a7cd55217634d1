import fc from 'fast-check';
import { expect, test } from 'vitest';
import { listDifferences } from '../../../../src/fingerprint/differences/list-diff.ts';

const rules = fc.array(fc.constantFrom<string[]>('a', 'b', 'c', 'd', 'e'), { maxLength: 12 });

test('only equal lists have no differences', () => {
  fc.assert(
    fc.property(rules, rules, (before, after) => {
      expect(listDifferences(before, after).length === 0).toBe(before.join() === after.join());
    }),
  );
});

test('an inserted or removed rule is one difference, whatever follows it', () => {
  fc.assert(
    fc.property(rules, fc.nat(), (before, place) => {
      const at = place % (before.length + 1);
      expect(listDifferences(before, before.toSpliced(at, 0, 'new'))).toEqual([
        { type: 'added', value: 'new', after: at + 1 },
      ]);
      expect(listDifferences(before.toSpliced(at, 0, 'new'), before)).toEqual([
        { type: 'removed', value: 'new', before: at + 1 },
      ]);
    }),
  );
});

test('rules inserted at two places are two differences', () => {
  fc.assert(
    fc.property(rules, fc.nat(), fc.nat(), (before, first, second) => {
      const [low, high] = [first, second].map((place) => place % (before.length + 1)).sort((a, b) => a - b);
      const after = before.toSpliced(high ?? 0, 0, 'new two').toSpliced(low ?? 0, 0, 'new one');
      expect(listDifferences(before, after).map(({ type, value }) => `${type} ${value}`)).toEqual([
        'added new one',
        'added new two',
      ]);
    }),
  );
});

test('the numbers of added and removed rules account for the difference in length', () => {
  fc.assert(
    fc.property(rules, rules, (before, after) => {
      const found = listDifferences(before, after);
      const count = (type: string) => found.filter((difference) => difference.type === type).length;
      expect(count('added') - count('removed')).toBe(after.length - before.length);
    }),
  );
});

test('a changed order is reported as a move', () => {
  expect(listDifferences(['a', 'b', 'c'], ['b', 'c', 'a'])).toEqual([
    { type: 'moved', value: 'a', before: 1, after: 3 },
  ]);
});

test('lists too long for a comparison by member still have differences', () => {
  const before = Array.from({ length: 3_000 }, (_, index) => `rule ${index}`);
  const after = before.map((rule) => `${rule} other`);
  expect(listDifferences(before, after)).toHaveLength(6_000);
  expect(listDifferences(before, before)).toEqual([]);
});
