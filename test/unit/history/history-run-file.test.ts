import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WfError } from '../../../src/engine/model/errors.ts';
import { asDefinitionHash, asStepId } from '../../../src/engine/model/ids.ts';
import type { JournalEvent } from '../../../src/engine/model/journal-event.ts';
import { canonicalJson, type Json } from '../../../src/engine/model/json.ts';
import type { History } from '../../../src/history/history.ts';
import { parseRunFile, runFileText } from '../../../src/history/transfer/run-file.ts';
import {
  AT,
  decidedToStart,
  ENDED,
  headerOf,
  INTERRUPTED,
  intended,
  leaseTaken,
  OWNER,
  runId,
} from '../../fixtures/history/samples.ts';
import { errorOf, openForTest } from '../../fixtures/history/temporary.ts';

const DEFINITIONS = ['1', '2'].map((version) => {
  const definition: Json = { name: 'lab', version, stages: ['setup'] };
  const hash = asDefinitionHash(createHash('sha256').update(canonicalJson(definition)).digest('hex'));
  return { hash, definition };
});
const [FIRST, SECOND] = DEFINITIONS;

/** Creates a run with two definitions, a retry, an interruption, a verification and a change in place. */
function recordRun(history: History, id = 'there', last: JournalEvent = ENDED): void {
  if (FIRST === undefined || SECOND === undefined) throw new Error('there are two definitions');
  const header = headerOf(id, { definitionHash: FIRST.hash, input: { b: 1, a: 'é\u0000', 10: [null, 0.5] } });
  const lease = history.create(header, FIRST.definition, OWNER, ['network devops'], AT);
  const fingerprint = history.putFingerprint({ links: ['lo', 'eth0'], routes: { 2: 'b', 1: 'a' } });
  const a = asStepId('a');
  const seen = {
    step: a,
    attempt: 1,
    command: "ip link add 'x y'",
    output: 'é\u001b[31m\n'.repeat(300),
    exitCode: null,
    startedAt: AT,
    durationMs: 1.25,
  };
  history.append(
    lease,
    {
      events: [
        leaseTaken('start'),
        decidedToStart('a', 'b'),
        { type: 'baseline.taken', fingerprint },
        intended(1, 'a'),
      ],
      evidence: [seen],
    },
    AT + 1,
  );
  const error = { code: 'E_DOCKER', message: 'no answer', hint: 'try again' } as const;
  history.append(
    lease,
    { events: [{ type: 'step.retrying', step: a, attempt: 1, error, retryAt: AT + 5 }, INTERRUPTED] },
    AT + 2,
  );
  history.putDefinition(SECOND.hash, SECOND.definition, AT);
  const again = history.takeOver(header.id, OWNER, () => false);
  history.append(
    again,
    { events: [leaseTaken('resume'), { type: 'definition.accepted', definitionHash: SECOND.hash }] },
    AT + 3,
  );
  history.append(
    again,
    {
      events: [
        { type: 'step.attempted', step: a, attempt: 2 },
        {
          type: 'change.applied',
          seq: 1,
          record: { id: 'n' },
          target: 'network devops',
          undo: ['docker network rm n'],
        },
      ],
    },
    AT + 4,
  );
  history.append(
    again,
    {
      events: [
        { type: 'step.succeeded', step: a, attempt: 2, output: { id: 'n' } },
        {
          type: 'verified',
          fingerprint: null,
          verification: { restored: true, residues: [], unexplained: [], drift: [], notCompared: [] },
        },
      ],
      evidence: [{ ...seen, attempt: 2, output: '' }],
    },
    AT + 5,
  );
  history.append(again, { events: [last] }, AT + 6);
}

const textOf = (history: History, id = 'there', machine = 'trainer-pc') =>
  runFileText(history.exportRun(runId(id), machine));

/** Returns the text of a run file of another machine. */
function exported(last?: JournalEvent): string {
  const { history } = openForTest();
  recordRun(history, 'there', last);
  return textOf(history);
}

test('the export of an imported run equals its file, byte for byte, on every machine', () => {
  const text = exported();
  const { history } = openForTest();
  history.importRun(parseRunFile(text), AT + 99);
  expect(textOf(history, 'there', 'another')).toBe(text);
  const third = openForTest().history;
  third.importRun(parseRunFile(textOf(history, 'there', 'another')), AT);
  expect(textOf(third, 'there', 'a third')).toBe(text);
});

test('an imported run reads like the original, except for its owner and its origin', () => {
  const { history: there } = openForTest();
  recordRun(there);
  const { history: here } = openForTest();
  here.importRun(parseRunFile(textOf(there)), AT);
  const id = runId('there');
  const run = there.run(id);
  expect(run?.changesInPlace).toBe(1);
  expect(here.run(id)).toEqual({ ...run, fence: 1, changesInPlace: 0, importedFrom: 'trainer-pc' });
  for (const read of [
    (history: History) => history.journal(id),
    (history: History) => history.steps(id),
    (history: History) => history.changes(id),
    (history: History) => history.evidence(id),
    (history: History) => history.verification(id),
    (history: History) => SECOND && history.definition(SECOND.hash),
  ]) {
    expect(read(here)).toEqual(read(there));
  }
});

test('an imported run cannot be taken over, is not unfinished, and has no changes in place and no claims', () => {
  const { history } = openForTest();
  history.importRun(parseRunFile(exported(INTERRUPTED)), AT);
  const id = runId('there');
  expect(history.run(id)).toMatchObject({ status: 'running', owner: null, changesInPlace: 0 });
  expect(errorOf(() => history.takeOver(id, OWNER, () => false))).toMatchObject({
    code: 'E_RUN_IMPORTED',
    exitCode: 2,
  });
  expect([history.unfinishedRuns(), history.changesInPlace(), history.claimsOf(id)]).toEqual([[], [], []]);
  history.create(headerOf('mine'), {}, OWNER, ['network devops'], AT);
  expect(history.runs({ limit: 5 }).map((run) => run.id)).toEqual(['there', 'mine']);
});

test('an imported run is pruned by its age alone', () => {
  const { history } = openForTest();
  history.importRun(parseRunFile(exported(INTERRUPTED)), AT);
  const request = { endedBefore: AT + 50, keep: 0, isAlive: () => false };
  expect(history.prunePlan(request)).toEqual({
    plans: 0,
    fleetRuns: 0,
    removable: { lab: 1 },
    onHost: 0,
    unfinished: 0,
  });
  expect(history.pruneSome(request, null).removed).toEqual(['lab']);
  expect(history.run(runId('there'))).toBeUndefined();
});

test('an existing run is not replaced', () => {
  const { history } = openForTest();
  history.create(headerOf('there', { workflow: 'mine' }), {}, OWNER, [], AT);
  expect(errorOf(() => history.importRun(parseRunFile(exported()), AT)).code).toBe('E_RUN_EXISTS');
  expect(history.run(runId('there'))).toMatchObject({ workflow: 'mine', importedFrom: null });
  expect(history.definition(DEFINITIONS[0]?.hash ?? asDefinitionHash(''))).toBeUndefined();
});

describe('an invalid run file', () => {
  const wrong: Readonly<Record<string, (file: ReturnType<typeof parseRunFile>) => object>> = {
    'another format': (file) => ({ ...file, format: 'tar' }),
    'a newer version': (file) => ({ ...file, version: 2 }),
    'an unknown member': (file) => ({ ...file, more: 1 }),
    'an id that is a path': (file) => ({ ...file, run: { ...file.run, id: '../../etc/passwd' } }),
    'a workflow with control characters': (file) => ({ ...file, run: { ...file.run, workflow: '\u001b[2Jlab' } }),
    'a machine of two lines': (file) => ({ ...file, machine: 'a\nb' }),
    'an unknown option': (file) => ({
      ...file,
      run: { ...file.run, options: { ...file.run.options, run: 'rm' } },
    }),
    'a time out of range': (file) => ({ ...file, run: { ...file.run, createdAt: 9e15 } }),
    'another definition under the hash': (file) => ({
      ...file,
      definitions: file.definitions.map((each) => ({ ...each, definition: { forged: true } })),
    }),
    'a fingerprint that nothing refers to': (file) => ({
      ...file,
      journal: file.journal.map((entry) =>
        entry.event.type === 'baseline.taken' ? { ...entry, event: { type: 'waiting', events: [] } } : entry,
      ),
    }),
    'no definition': (file) => ({ ...file, definitions: [] }),
    'another fingerprint under the hash': (file) => ({
      ...file,
      fingerprints: file.fingerprints.map((each) => ({ ...each, fingerprint: {} })),
    }),
    'a gap in the journal': (file) => ({ ...file, journal: file.journal.filter(({ seq }) => seq !== 3) }),
    'entries in another order': (file) => ({ ...file, journal: file.journal.toReversed() }),
    'an unknown event': (file) => ({
      ...file,
      journal: [{ seq: 1, at: AT, event: { type: 'executed', argv: ['rm'] } }],
    }),
    'an outcome of a step that never began': (file) => ({
      ...file,
      journal: [{ seq: 1, at: AT, event: { type: 'step.succeeded', step: 'x', attempt: 1, output: null } }],
    }),
    'an accepted definition that is missing': (file) => ({
      ...file,
      journal: [{ seq: 1, at: AT, event: { type: 'definition.accepted', definitionHash: 'f'.repeat(64) } }],
    }),
    'a fractional attempt': (file) => ({
      ...file,
      journal: file.journal.map((entry) =>
        'attempt' in entry.event ? { ...entry, event: { ...entry.event, attempt: 1.5 } } : entry,
      ),
    }),
    'a step with control characters': (file) => ({
      ...file,
      journal: [{ seq: 1, at: AT, event: decidedToStart('a\u001b]0;x\u0007') }],
    }),
    'a stage with control characters': (file) => ({
      ...file,
      journal: [{ seq: 1, at: AT, event: { type: 'paused', stage: 'a\rb' } }],
    }),
    'a retry out of range': (file) => ({
      ...file,
      journal: file.journal.map((entry) =>
        entry.event.type === 'step.retrying' ? { ...entry, event: { ...entry.event, retryAt: 1e300 } } : entry,
      ),
    }),
    'evidence out of range': (file) => ({
      ...file,
      evidence: file.evidence.map((each) => ({ ...each, startedAt: 1e17 })),
    }),
  };

  test.each(Object.keys(wrong))('is refused with %s, and nothing is stored', (what) => {
    const text = exported();
    const altered = JSON.stringify({ format: 'wf.run', version: 1, ...wrong[what]?.(parseRunFile(text)) });
    const { history } = openForTest();
    const error = errorOf(() => history.importRun(parseRunFile(altered), AT));
    expect(error).toMatchObject({ code: 'E_RUN_FILE_INVALID', exitCode: 2 });
    expect(error.hint).toContain('Nothing was stored');
    expect([history.runs({ limit: 1 }), history.definition(DEFINITIONS[0]?.hash ?? asDefinitionHash(''))]).toEqual([
      [],
      undefined,
    ]);
  });

  test.each(['', 'null', '[]', '{', '{"format":"wf.run"}', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'cut off'])(
    'is refused if it does not parse: %#',
    (given) => {
      const text = given === 'cut off' ? exported().slice(0, -20) : given;
      expect(errorOf(() => parseRunFile(text)).code).toBe('E_RUN_FILE_INVALID');
    },
  );

  test('is refused if it is nested too deep', () => {
    const input = `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`;
    const text = exported().replace('"input":{', `"input":{"deep":${input},`);
    expect(errorOf(() => parseRunFile(text)).message).toContain('levels deep');
  });

  test('is refused after random edits, unless it is still valid', () => {
    const text = exported();
    let refused = 0;
    const piece = fc.constantFrom(
      'null',
      '-1',
      '1.5',
      '"x"',
      '[]',
      '{}',
      '1e999',
      '"\\u0000"',
      '"__proto__"',
      '',
      ',',
      'true',
    );
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(12), piece, (at, length, put) => {
        const altered = text.slice(0, at) + put + text.slice(at + length);
        const refuse = (thrown: unknown): void => {
          if (!(thrown instanceof WfError)) throw thrown;
          expect(thrown.code).toBe('E_RUN_FILE_INVALID');
          refused += 1;
        };
        let content: ReturnType<typeof parseRunFile>;
        try {
          content = parseRunFile(altered);
        } catch (thrown) {
          return refuse(thrown);
        }
        const { history } = openForTest();
        try {
          history.importRun(content, AT);
          const again = runFileText(history.exportRun(content.run.id, 'here'));
          expect(again).toBe(runFileText(content));
        } catch (thrown) {
          refuse(thrown);
          expect(history.runs({ limit: 1 })).toEqual([]);
        } finally {
          history.close();
        }
      }),
      { numRuns: 150 },
    );
    expect(refused).toBeGreaterThan(50);
  });
});
