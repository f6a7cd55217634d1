import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  canonicalJson,
  isJsonObject,
  type Json,
  type JsonObject,
  parseJson,
  toJson,
} from '../../../../src/engine/model/json.ts';

test.each<[string, unknown, Json]>([
  ['a member named __proto__', JSON.parse('{"__proto__":{"a":1},"b":2}'), JSON.parse('{"__proto__":{"a":1},"b":2}')],
  [
    'an object with toJSON',
    { at: new Date(0), own: { toJSON: () => [1, undefined] } },
    { at: '1970-01-01T00:00:00.000Z', own: [1, null] },
  ],
  ['negative zero, NaN and infinities', [-0, Number.NaN, Number.POSITIVE_INFINITY], [0, null, null]],
  ['undefined', undefined, null],
  [
    'functions and symbols',
    { f: () => 1, s: Symbol('s'), list: [() => 1, Symbol('s'), undefined] },
    { list: [null, null, null] },
  ],
  [
    'an instance',
    new (class Point {
      x = 1;
    })(),
    { x: 1 },
  ],
])('toJson converts %s to JSON', (_what, value, kept) => {
  expect(toJson(value)).toStrictEqual(kept);
});

test('toJson returns a copy that later changes do not alter', () => {
  const value = { list: [{ a: 1 }] };
  const copy = toJson(value);
  value.list.push({ a: 2 });
  expect(copy).toEqual({ list: [{ a: 1 }] });
});

test('toJson refuses cycles and bigints', () => {
  const cycle: { self?: unknown; list: unknown[] } = { list: [] };
  cycle.self = cycle;
  expect(() => toJson(cycle)).toThrow(TypeError);
  const list: unknown[] = [];
  list.push({ list });
  expect(() => toJson(list)).toThrow(TypeError);
  expect(() => toJson({ big: 1n })).toThrow(TypeError);
});

test('canonicalJson does not depend on the order of keys, and loses nothing', () => {
  const key = fc.oneof(fc.string(), fc.nat().map(String));
  const value = fc.letrec<{ json: unknown }>((tie) => ({
    json: fc.oneof({ maxDepth: 3 }, fc.jsonValue(), fc.dictionary(key, tie('json')), fc.array(tie('json'))),
  })).json;
  const reversed = (json: Json): Json => {
    if (Array.isArray(json)) return json.map(reversed);
    if (!isJsonObject(json)) return json;
    const members: JsonObject = json;
    return Object.fromEntries(
      Object.entries(members)
        .reverse()
        .map(([name, member]) => [name, reversed(member)]),
    );
  };
  fc.assert(
    fc.property(value, (given) => {
      const json = toJson(given);
      expect(canonicalJson(reversed(json))).toBe(canonicalJson(json));
      expect(parseJson(canonicalJson(json))).toStrictEqual(json);
    }),
    { numRuns: 500, seed: 1 },
  );
});

test('canonicalJson sorts keys at every depth', () => {
  expect(canonicalJson({ b: [{ d: 1, c: null }], a: 'x' })).toBe('{"a":"x","b":[{"c":null,"d":1}]}');
});
