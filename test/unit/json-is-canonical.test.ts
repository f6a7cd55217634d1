import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson, type Json, parseJson, toJson } from '../../src/engine/json.ts';

/** By way of JSON's own text, which is what both have to come to. */
const roundTrip = (value: unknown): Json => {
  const text = JSON.stringify(value);
  return text === undefined ? null : parseJson(text);
};
const sortedText = (value: Json): string =>
  JSON.stringify(value, (_key, member: Json) => {
    if (member === null || typeof member !== 'object' || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });

const anything = fc.anything({
  withDate: true,
  withMap: true,
  withSet: true,
  withBoxedValues: true,
  withSparseArray: true,
  withTypedArray: true,
  withNullPrototype: true,
  withObjectString: true,
});

test('toJson is what remains after a round trip', () => {
  fc.assert(
    fc.property(anything, (value) => {
      expect(toJson(value)).toStrictEqual(roundTrip(value));
      expect(JSON.stringify(toJson(value))).toBe(JSON.stringify(roundTrip(value)));
    }),
    { numRuns: 5_000, seed: 1 },
  );
});

test.each<[string, unknown]>([
  ['a member called __proto__', JSON.parse('{"__proto__":{"a":1},"b":2}')],
  ['toJSON', { at: new Date(0), own: { toJSON: () => [1, undefined] } }],
  ['negative zero, NaN and infinities', [-0, Number.NaN, Number.POSITIVE_INFINITY]],
  ['nothing', undefined],
  ['functions and symbols', { f: () => 1, s: Symbol('s'), list: [() => 1, Symbol('s'), undefined] }],
  [
    'an instance',
    new (class Point {
      x = 1;
    })(),
  ],
])('toJson keeps of %s what JSON keeps', (_what, value) => {
  expect(toJson(value)).toStrictEqual(roundTrip(value));
  expect(JSON.stringify(toJson(value))).toBe(JSON.stringify(roundTrip(value)));
});

test('toJson copies: what is altered later is not altered in the copy', () => {
  const value = { list: [{ a: 1 }] };
  const copy = toJson(value);
  value.list.push({ a: 2 });
  expect(copy).toEqual({ list: [{ a: 1 }] });
});

test('toJson refuses what the journal cannot hold', () => {
  const cycle: { self?: unknown; list: unknown[] } = { list: [] };
  cycle.self = cycle;
  expect(() => toJson(cycle)).toThrow(TypeError);
  const list: unknown[] = [];
  list.push({ list });
  expect(() => toJson(list)).toThrow(TypeError);
  expect(() => toJson({ big: 1n })).toThrow(TypeError);
});

test('canonicalJson is the text with sorted keys that earlier digests were taken of', () => {
  const key = fc.oneof(
    fc.string(),
    fc.nat().map(String),
    fc.constantFrom('4294967294', '4294967295', '01', '1.5', '-1'),
  );
  const value = fc.letrec<{ json: unknown }>((tie) => ({
    json: fc.oneof({ maxDepth: 3 }, fc.jsonValue(), fc.dictionary(key, tie('json')), fc.array(tie('json'))),
  })).json;
  fc.assert(
    fc.property(value, (given) => {
      const json = roundTrip(given);
      expect(canonicalJson(json)).toBe(sortedText(json));
    }),
    { numRuns: 500, seed: 1 },
  );
});
