import { expect, test } from 'vitest';
import type { ErrorCode } from '../../../../src/engine/model/errors.ts';
import type { JournalEntry, JournalEvent } from '../../../../src/engine/model/journal-event.ts';
import { followNotices } from '../../../../src/engine/notify/follow-notices.ts';
import { OWNER } from '../../../fixtures/history/samples.ts';

const decided = (type: string | null, value = 'asking', timer?: string): JournalEvent => ({
  type: 'decided',
  event: type === null ? null : { type },
  ...(timer === undefined ? {} : { timer }),
  effects: [],
  value,
  stages: [value],
  digest: '',
});
const START = decided(null);
const APPROVED = decided('approve');
const POLLED = decided('xstate.after.1000.asking', 'asking', 'xstate.after.1000.asking');
const TAKEN: JournalEvent = { type: 'lease.taken', purpose: 'resume', owner: OWNER, pauseAfter: null };
const RETRIED: JournalEvent = { type: 'retried', voided: [], effects: [], value: 'asking', stages: ['asking'] };
const UNCONFIRMED: JournalEvent = {
  type: 'unconfirmed',
  deadline: { at: 0, bootId: '', dueMs: 0, setAtMs: 0 },
  newestSession: null,
  kept: [],
  output: null,
};
const SUCCEEDED: JournalEvent = { type: 'ended', status: 'succeeded', output: null };

function waiting(...events: readonly string[]): JournalEvent {
  return { type: 'waiting', events, until: 1 };
}

function asking(title: string): JournalEvent {
  return { ...waiting('approve'), type: 'waiting', events: ['approve'], ask: { title, text: '', events: {} } };
}

function ended(status: 'failed' | 'rolled-back' | 'needs-attention', code: ErrorCode = 'E_STEP_FAILED'): JournalEvent {
  return { type: 'ended', status, output: null, error: { code, message: '', hint: '' } };
}

const journalOf = (events: readonly JournalEvent[]): readonly JournalEntry[] =>
  events.map((event, index) => ({ seq: index + 1, at: 0, event }));

/** The notices of a journal: from one process, and, for each entry, from a process that has read the earlier ones. */
function noticesOf(events: readonly JournalEvent[]) {
  const journal = journalOf(events);
  const whole = journal.map(followNotices([]));
  const resumed = journal.map((entry, index) => followNotices(journal.slice(0, index))(entry));
  expect(resumed).toEqual(whole);
  return whole.filter((reason) => reason !== undefined);
}

test.each<[string, readonly JournalEvent[], readonly string[]]>([
  ['succeeds', [START, SUCCEEDED], []],
  ['waits for a timer', [START, waiting(), POLLED, SUCCEEDED], []],
  ['fails', [START, ended('rolled-back')], ['failed']],
  ['fails, and is rolled back once more', [START, ended('rolled-back'), TAKEN, ended('rolled-back')], ['failed']],
  ['is not confirmed', [START, UNCONFIRMED, ended('rolled-back', 'E_NOT_CONFIRMED')], ['unconfirmed', 'failed']],
  ['is confirmed', [START, UNCONFIRMED, SUCCEEDED], ['unconfirmed', 'recovered']],
  ['succeeds, and is rolled back', [START, SUCCEEDED, ended('rolled-back', 'E_ROLLED_BACK')], []],
  ['is cancelled', [START, ended('rolled-back', 'E_CANCELLED')], []],
  ['waits, and is cancelled', [START, waiting('go'), ended('rolled-back', 'E_CANCELLED')], ['waiting', 'recovered']],
  ['waits, and succeeds', [START, waiting('approve'), APPROVED, SUCCEEDED], ['waiting', 'recovered']],
  ['waits, and fails', [START, waiting('approve'), APPROVED, ended('failed')], ['waiting', 'failed']],
  ['is resumed while it waits', [START, waiting('approve'), TAKEN, waiting('approve')], ['waiting']],
  ['polls, and takes an event', [START, waiting('stop'), POLLED, waiting('stop'), SUCCEEDED], ['waiting', 'recovered']],
  ['asks again', [START, waiting('approve'), APPROVED, waiting('approve')], ['waiting', 'waiting']],
  ['asks something else', [START, asking('One?'), POLLED, asking('Two?')], ['waiting', 'waiting']],
  ['asks elsewhere', [START, waiting('go'), decided(POLLED.type, 'later', 't'), waiting('go')], ['waiting', 'waiting']],
  ['is retried with success', [START, ended('failed'), RETRIED, SUCCEEDED], ['failed', 'recovered']],
  ['is retried, and fails', [START, ended('failed'), RETRIED, ended('failed')], ['failed', 'failed']],
  ['is kept, then rolled back', [START, ended('failed'), TAKEN, ended('rolled-back')], ['failed', 'recovered']],
  ['was cancelled and kept', [START, ended('failed', 'E_CANCELLED'), TAKEN, ended('rolled-back', 'E_CANCELLED')], []],
  [
    'is stuck, then restored',
    [START, ended('needs-attention'), ended('rolled-back')],
    ['needs-attention', 'recovered'],
  ],
  ['is stuck twice', [START, ended('needs-attention'), ended('needs-attention')], Array(2).fill('needs-attention')],
  ['is cancelled, and stuck', [START, ended('needs-attention', 'E_CANCELLED')], ['needs-attention']],
])('a run that %s', (_what, events, notices) => {
  expect(noticesOf(events)).toEqual(notices);
});
