import { expect, test } from 'vitest';
import type { JournalEntry, JournalEvent } from '../../../src/engine/model/journal-event.ts';
import type { RunStatus } from '../../../src/engine/ports/history.ts';
import { stageRecords } from '../../../src/review/record/steps/stage-record.ts';
import { decided, STAGES } from '../../fixtures/review/lab-run.ts';

function stagesAfter(
  status: RunStatus,
  events: readonly (readonly [at: number, event: JournalEvent])[],
  stageNames = STAGES,
) {
  const journal = events.map(([at, event], index): JournalEntry => ({ seq: index + 1, at, event }));
  return stageRecords({ status, stageNames, journal, steps: [] }).map(
    ({ name, status, durationMs }) => `${name} ${status} ${durationMs}`,
  );
}

test('a stage that is entered twice has the time of both visits, and the status of the last', () => {
  expect(
    stagesAfter('succeeded', [
      [0, decided(['setup'])],
      [100, decided(['test'], [], 'xstate.error.actor.x')],
      [150, decided(['setup'], [], 'again')],
      [175, decided(['done'], [], 'xstate.done.actor.x')],
    ]),
  ).toEqual(['setup succeeded 125', 'test succeeded 50', 'teardown skipped null']);
});

test('a stage that is left by a failure has failed, although the run continues', () => {
  expect(
    stagesAfter('running', [
      [0, decided(['setup'])],
      [100, decided(['teardown'], [], 'xstate.error.actor.createNetwork')],
    ]),
  ).toEqual(['setup failed 100', 'test pending null', 'teardown running null']);
});

test('parallel stages are timed separately', () => {
  expect(
    stagesAfter(
      'succeeded',
      [
        [0, decided(['left', 'right'])],
        [40, decided(['left', 'right'], [], 'xstate.done.actor.x')],
      ],
      ['left', 'right'],
    ),
  ).toEqual(['left succeeded 40', 'right succeeded 40']);
});

test('the stages are those of the journal if the definition has none', () => {
  expect(
    stagesAfter(
      'running',
      [
        [0, decided(['setup'])],
        [5, decided(['test'])],
      ],
      [],
    ),
  ).toEqual(['setup succeeded 5', 'test running null']);
});
