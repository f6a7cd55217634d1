import { expect, test } from 'vitest';
import type { JournalEntry, JournalEvent } from '../../../src/engine/model/journal-event.ts';
import type { RunStatus } from '../../../src/engine/ports/history.ts';
import { stageRecords } from '../../../src/review/record/stage-record.ts';
import { decided, STAGES } from '../../fixtures/review/lab-run.ts';

function stagesAfter(
  status: RunStatus,
  told: readonly (readonly [at: number, event: JournalEvent])[],
  stageNames = STAGES,
) {
  const journal = told.map(([at, event], index): JournalEntry => ({ seq: index + 1, at, event }));
  return stageRecords({ status, stageNames, journal, steps: [] }).map(
    ({ name, status, durationMs }) => `${name} ${status} ${durationMs}`,
  );
}

test('a stage that was entered twice has the time of both visits, and the status of the last', () => {
  expect(
    stagesAfter('succeeded', [
      [0, decided(['setup'])],
      [100, decided(['test'], [], 'xstate.error.actor.x')],
      [150, decided(['setup'], [], 'again')],
      [175, decided(['done'], [], 'xstate.done.actor.x')],
    ]),
  ).toEqual(['setup succeeded 125', 'test succeeded 50', 'teardown skipped null']);
});

test('a stage that was left because of a failure has failed, though the machine went on', () => {
  expect(
    stagesAfter('running', [
      [0, decided(['setup'])],
      [100, decided(['teardown'], [], 'xstate.error.actor.createNetwork')],
    ]),
  ).toEqual(['setup failed 100', 'test pending null', 'teardown running null']);
});

test('stages that are active side by side are followed side by side', () => {
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

test('where the definition does not tell, the stages are those that the journal names', () => {
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
