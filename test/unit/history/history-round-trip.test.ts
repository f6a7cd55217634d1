import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asDefinitionHash, asStepId } from '../../../src/engine/model/ids.ts';
import type { JournalEvent } from '../../../src/engine/model/journal-event.ts';
import { toJson } from '../../../src/engine/model/json.ts';
import { AT, headerOf, OWNER } from '../../fixtures/history/samples.ts';
import { openForTest } from '../../fixtures/history/temporary.ts';

const awkward = fc.oneof(
  fc.constantFrom(
    "'; DROP TABLE runs; --",
    '"',
    '%_',
    '\\',
    '\0',
    'a\0b',
    '{"x":1}',
    'null',
    '',
    '\u2028',
    '?1 @id :id $id',
    '🙂',
    '\r\n',
  ),
  fc.string({ unit: 'binary' }),
);
const json = fc.jsonValue({ noUnicodeString: false, maxDepth: 3 }).map(toJson);

test('text and JSON of every kind are read back unchanged', () => {
  const { history } = openForTest();
  let run = 0;
  fc.assert(
    fc.property(awkward, awkward, awkward, json, (one, two, three, value) => {
      run += 1;
      const header = headerOf(`run${run}`, {
        workflow: one,
        definitionHash: asDefinitionHash(two),
        input: { [one]: value },
        options: { onFailure: 'keep', pauseAfter: three },
      });
      const owner = { ...OWNER, startTime: two, bootId: three };
      const claim = `${one}${run}`;
      const lease = history.create(header, value, owner, [claim], AT);
      const step = asStepId(two);
      const error = { code: 'E_DOCKER' as const, message: one, hint: three };
      const change = {
        seq: 1,
        step,
        kind: one,
        target: three,
        record: value,
        undo: [one, two],
        status: 'applied' as const,
        reason: two,
        bootId: three,
      };
      const events: JournalEvent[] = [
        {
          type: 'decided',
          event: { ...(typeof value === 'object' ? { value } : {}), type: one },
          effects: [
            { type: 'start-step', step, invoke: one, stage: two, actor: three, kind: one, input: value },
            { type: 'log', message: value },
          ],
          value,
          stages: [one, two],
          digest: three,
        },
        { type: 'change.intended', change },
        { type: 'step.retrying', step, attempt: 1, error, retryAt: AT },
      ];
      const evidence = { step, attempt: 1, command: one, output: three, exitCode: 0, startedAt: AT, durationMs: 1 };
      history.append(lease, { events, evidence: [evidence] }, AT);

      expect(history.run(header.id)).toMatchObject({ ...header, owner });
      expect(history.journal(header.id).map((entry) => entry.event)).toEqual(events);
      expect(history.steps(header.id)).toMatchObject([{ id: step, stage: two, kind: one, input: value, error }]);
      expect(history.changes(header.id)).toEqual([change]);
      expect(history.evidence(header.id, step)).toEqual([evidence]);
      expect(history.runs({ workflow: one, limit: 1 }).at(0)?.workflow).toBe(one);
      const fingerprint = { [two]: value, hosts: [one] };
      expect(history.fingerprint(history.putFingerprint(fingerprint))).toEqual(fingerprint);
      const events2: JournalEvent[] = [{ type: 'ended', status: 'failed', output: null, error }];
      history.append(lease, { events: events2 }, AT);
      expect(history.run(header.id)).toMatchObject({ status: 'failed', error, output: null });
    }),
    { numRuns: 150 },
  );
});
