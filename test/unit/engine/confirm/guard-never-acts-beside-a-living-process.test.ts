import { expect, test } from 'vitest';
import { guardDecision } from '../../../../src/engine/confirm/guard-decision.ts';
import type { JournalEvent } from '../../../../src/engine/model/journal-event.ts';
import { STORED_RUN_STATUSES } from '../../../../src/engine/ports/history.ts';
import { runId } from '../../../support/in-process/folder-host.ts';

const run = runId('guarded');
const rule = {
  withinMs: 60_000,
  applyWithinMs: 600_000,
  newSession: false,
  probe: null,
  guard: true,
};
const BOOT = 'boot-1';
const deadline = { bootId: BOOT, setAtMs: 10_000, dueMs: 70_000, at: 0 };
const armed: JournalEvent = {
  type: 'armed',
  guard: { type: 'none' },
  applyBy: { bootId: BOOT, setAtMs: 0, dueMs: 600_000, at: 0 },
};
const unconfirmed: JournalEvent = { type: 'unconfirmed', deadline, newestSession: null, kept: [1], output: null };
const by = { user: 'ann', sudoUser: null, host: 'h' };
const stamp = { bootId: BOOT, sinceBootMs: 20_000, session: null };
const confirm: JournalEvent = {
  type: 'requested',
  by,
  comment: null,
  demand: { kind: 'confirm', extendMs: null, stamp },
};
const extend: JournalEvent = {
  type: 'requested',
  by,
  comment: null,
  demand: { kind: 'confirm', extendMs: 60_000, stamp },
};

/** @param at milliseconds since the boot */
function decide(
  status: (typeof STORED_RUN_STATUSES)[number],
  events: readonly JournalEvent[],
  at: number,
  { unownedMs = 0, bootId = BOOT }: { unownedMs?: number | null; bootId?: string } = {},
): string {
  const entries = events.map((event, index) => ({ seq: index + 1, at: 0, event }));
  return guardDecision({ run, status, rule, entries, unownedMs, now: { bootId, sinceBootMs: at } }).type;
}

test('it waits while a living process advances the run, whatever the time', () => {
  for (const status of STORED_RUN_STATUSES) {
    const isOver = ['succeeded', 'failed', 'rolled-back', 'needs-attention'].includes(status);
    expect(decide(status, [armed, unconfirmed], 20_000, { unownedMs: null }), status).toBe(isOver ? 'end' : 'wait');
    // Past its deadline, the guard continues a stopped process, which then ends the run itself.
    const late = status === 'rolling-back' ? 'wait' : 'continue owner';
    expect(decide(status, [armed, unconfirmed], 900_000, { unownedMs: null }), status).toBe(isOver ? 'end' : late);
  }
});

test('it undoes an unconfirmed run at its deadline, at the extended one, and after a reboot', () => {
  const handled: JournalEvent = { type: 'answered', request: 3, outcome: { type: 'handled' } };
  const extended: JournalEvent = { type: 'extended', deadline: { ...deadline, dueMs: 200_000 } };
  expect(decide('unconfirmed', [armed, unconfirmed], 69_999)).toBe('wait');
  expect(decide('unconfirmed', [armed, unconfirmed], 70_000)).toBe('conclude');
  expect(decide('unconfirmed', [armed, unconfirmed, extend, handled, extended], 199_999)).toBe('wait');
  expect(decide('unconfirmed', [armed, unconfirmed, extend, handled, extended], 200_000)).toBe('conclude');
  expect(decide('unconfirmed', [armed, unconfirmed], 20_000, { bootId: 'boot-2' })).toBe('conclude');
});

test('it completes a confirmation whose process is gone, and ignores a refused one', () => {
  const refusal = { type: 'refused', error: { code: 'E_REQUEST_REFUSED', message: '', hint: '' } } as const;
  expect(
    decide(
      'unconfirmed',
      [armed, unconfirmed, confirm, { type: 'answered', request: 3, outcome: { type: 'handled' } }],
      20_000,
    ),
  ).toBe('conclude');
  expect(
    decide('unconfirmed', [armed, unconfirmed, confirm, { type: 'answered', request: 3, outcome: refusal }], 20_000),
  ).toBe('wait');
});

test('it undoes a run that was being applied after the time to confirm, at the deadline for applying, and after a reboot', () => {
  expect(decide('running', [armed], 1_000, { unownedMs: 59_999 })).toBe('wait');
  expect(decide('running', [armed], 1_000, { unownedMs: 60_000 })).toBe('roll back');
  expect(decide('running', [armed], 600_000)).toBe('roll back');
  expect(decide('running', [armed], 1_000, { bootId: 'boot-2' })).toBe('roll back');
  for (const status of ['paused', 'waiting'] as const) {
    expect(decide(status, [armed], 599_999, { unownedMs: 500_000 })).toBe('wait');
    expect(decide(status, [armed], 600_000, { unownedMs: 500_000 })).toBe('roll back');
  }
});

test('it continues a rollback that was interrupted', () => {
  expect(decide('rolling-back', [armed, unconfirmed], 20_000)).toBe('roll back');
});
