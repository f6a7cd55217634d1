import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isJsonObject, type Json, type JsonObject, parseJson } from '../../src/engine/json.ts';
import { frequentEvent } from '../../src/history/frequent-events.ts';
import { journalEvent } from '../../src/history/rows/journal-row.ts';

const text = fc.constantFrom('', 'a', 's1', 'setup', 'resume', '__proto__');
const number = fc.constantFrom(0, 1, -3, 1.5, 4_711, 1_700_000_000_000);
const anyJson = fc.jsonValue({ maxDepth: 2 }).map((value): Json => parseJson(JSON.stringify(value)));
const objectOf = (members: Record<string, fc.Arbitrary<Json>>): fc.Arbitrary<JsonObject> => fc.record(members);

const startStep = objectOf({
  type: fc.constant('start-step'),
  step: text,
  invoke: text,
  stage: text,
  actor: text,
  kind: text,
  input: anyJson,
});
const rareEffect = fc.constantFrom<Json>(
  { type: 'stop-step', step: 'a' },
  { type: 'set-timer', timer: 't', deadline: 5, event: { type: 'late' } },
  { type: 'cancel-timer', timer: 't' },
  { type: 'log', message: null },
  { type: 'emit', event: { type: 'told' } },
);
const machineEvent = fc.tuple(anyJson, text).map(([payload, type]): Json => {
  return isJsonObject(payload) ? { ...payload, type } : { type, payload };
});

/** What is frequent, as it is written. */
const FREQUENT: Readonly<Record<string, (effect: fc.Arbitrary<Json>) => fc.Arbitrary<JsonObject>>> = {
  decided: (effect) =>
    objectOf({
      event: fc.option(machineEvent),
      effects: fc.array(effect, { maxLength: 3 }),
      value: anyJson,
      stages: fc.array(text, { maxLength: 2 }),
      digest: text,
    }),
  'step.attempted': () => objectOf({ step: text, attempt: number }),
  'step.succeeded': () => objectOf({ step: text, attempt: number, output: anyJson }),
  ended: () => objectOf({ status: fc.constant('succeeded'), output: anyJson }),
  'lease.taken': () =>
    objectOf({
      purpose: fc.constantFrom('start', 'resume', 'rollback'),
      owner: fc.oneof(
        objectOf({ pid: number, startTime: text, bootId: text }),
        objectOf({ pid: number, startTime: text, bootId: text, pidNamespace: text }),
      ),
      pauseAfter: fc.option(text),
    }),
};

const types = Object.keys(FREQUENT);
const written = (effect: fc.Arbitrary<Json>) =>
  fc.constantFrom(...types).chain((type) => fc.tuple(fc.constant(type), FREQUENT[type]?.(effect) ?? fc.constant({})));

/** JSON that is in no journal of this version, also what only JSON text can say. */
const JUNK = [
  'null',
  'true',
  '0',
  '1e999',
  '"x"',
  '[]',
  '[null]',
  '["x"]',
  '{}',
  '{"type":"x"}',
  '{"type":1}',
] as const;
const STRANGE_KEYS = ['more', 'type', '__proto__', 'constructor', 'step', '0'] as const;

type Damage = 'replace' | 'drop' | 'add' | 'rename';

/** A JSON text in which one value, at any depth, was replaced, left out, renamed or given a neighbour. */
function damaged(value: Json, places: { left: number }, how: Damage, key: string, junk: string): string {
  const isHere = places.left === 0;
  places.left -= 1;
  if (isHere && how === 'replace') return junk;
  /** Undefined where this very member is the one that is left out. */
  const inside = (member: Json): string | undefined => {
    const isIt = places.left === 0 && (how === 'drop' || how === 'rename');
    const text = damaged(member, places, how, key, junk);
    return isIt ? undefined : text;
  };
  const added = isHere && how === 'add';
  if (Array.isArray(value)) {
    const members = value.flatMap((member: Json) => inside(member) ?? []);
    return `[${[...members, ...(added ? [junk] : [])].join()}]`;
  }
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).flatMap(([name, member]) => {
    const text = inside(member);
    if (text !== undefined) return [`${JSON.stringify(name)}:${text}`];
    return how === 'rename' ? [`${JSON.stringify(key)}:${junk}`] : [];
  });
  return `{${[...members, ...(added ? [`${JSON.stringify(key)}:${junk}`] : [])].join()}}`;
}

const bySchema = (type: string, data: JsonObject) => journalEvent().safeParse({ ...data, type });

test('a frequent event is taken without the schema, and is what the schema makes of it, to the order of its members', () => {
  fc.assert(
    fc.property(written(startStep), ([type, data]) => {
      const taken = frequentEvent(type, data);
      expect(taken).toEqual(bySchema(type, data).data);
      expect(JSON.stringify(taken)).toBe(JSON.stringify(bySchema(type, data).data));
    }),
  );
});

test('no event is taken that the schema refuses, or makes something else of', () => {
  const effect = fc.oneof({ weight: 3, arbitrary: startStep }, rareEffect);
  fc.assert(
    fc.property(
      written(effect),
      fc.nat(16),
      fc.constantFrom<Damage[]>('replace', 'drop', 'add', 'rename'),
      fc.constantFrom(...STRANGE_KEYS),
      fc.constantFrom(...JUNK),
      fc.constantFrom(...types, 'waiting', 'step.dreamt'),
      fc.boolean(),
      ([type, data], place, how, key, junk, other, isMixedUp) => {
        const read = parseJson(damaged(data, { left: place }, how, key, junk));
        const named = isMixedUp ? other : type;
        if (!isJsonObject(read)) return;
        const taken = frequentEvent(named, read);
        if (taken === undefined) return;
        const parsed = bySchema(named, read);
        expect(parsed.error).toBeUndefined();
        expect(JSON.stringify(taken)).toBe(JSON.stringify(parsed.data));
        expect(taken).toEqual(parsed.data);
      },
    ),
    { numRuns: 8_000 },
  );
});

test.each([
  ['step.attempted', '{"step":"a","attempt":1e999}'],
  ['step.succeeded', '{"step":"a","attempt":1e999,"output":null}'],
  ['lease.taken', '{"purpose":"start","owner":{"pid":1e999,"startTime":"1","bootId":"b"},"pauseAfter":null}'],
])('a number that is too large to be one is for the schema to refuse: %s', (type, text) => {
  const data = parseJson(text);
  if (!isJsonObject(data)) throw new Error('not an object');
  expect(frequentEvent(type, data)).toBeUndefined();
  expect(bySchema(type, data).success).toBe(false);
});
