import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openRunJournal, type RunJournal } from '../../../../src/engine/journal/run-journal.ts';
import type { Change } from '../../../../src/engine/model/change.ts';
import { WfError } from '../../../../src/engine/model/errors.ts';
import { asStepId } from '../../../../src/engine/model/ids.ts';
import type { Json } from '../../../../src/engine/model/json.ts';
import { NO_CRASH_POINTS } from '../../../../src/engine/ports/crash-points.ts';
import { BACK, FORWARD, RESUME } from '../../../../src/engine/recovery/recovery-table.ts';
import { applyStep } from '../../../../src/engine/run/apply-change.ts';
import { undoChange } from '../../../../src/engine/run/undo-change.ts';
import { NO_SECRETS } from '../../../../src/engine/secrets/secrets.ts';
import type { ChangeBehaviour, ChangeState, Observation, StepRunner } from '../../../../src/engine/workflow/step.ts';
import { ownProcess } from '../../../../src/host/processes/process.ts';
import { createRun, type FolderHost, openFolderHost } from '../../../support/in-process/folder-host.ts';
import { testContext } from '../../../support/in-process/step-context.ts';

const OTHER_BOOT = 'another-boot';
const LATE_EFFECT_MS = 300;

let host: FolderHost;
let journal: RunJournal;
beforeEach(() => {
  host = openFolderHost();
  const lease = createRun(host.history, 'table');
  const clock = testContext().host.clock;
  const parts = { crashPoints: NO_CRASH_POINTS, observer: {}, secrets: NO_SECRETS };
  journal = openRunJournal({ history: host.history, lease, clock, ...parts });
});
afterEach(() => host.close());

/** A step runner that finds the given state of the host, and records its calls. */
function scripted(seen: () => Observation<Json, Json>, stateOf: () => ChangeState, survivesReboot: boolean) {
  const calls: string[] = [];
  const behaviour: ChangeBehaviour = {
    type: 'change',
    kept: null,
    survivesReboot,
    lateEffectMs: LATE_EFFECT_MS,
    async observe(_input, _context, earlier) {
      const made = calls.some((call) => call.startsWith('apply'));
      calls.push(earlier === undefined ? 'observe' : 'observe with the record');
      return made ? OURS : seen();
    },
    async apply(_input, record, found) {
      calls.push(`apply to ${found}`);
      return record;
    },
    async inspect() {
      const undone = calls.includes('undo');
      calls.push('inspect');
      return undone ? { found: 'gone', reason: 'undone' } : stateOf();
    },
    async undo() {
      calls.push('undo');
    },
    undoCommands: () => [['rm', 'x']],
  };
  const runner: StepRunner = {
    kind: 'test.scripted',
    description: 'does what the test sets',
    policy: { timeoutMs: 1_000, retry: { attempts: 1, initialMs: 1, factor: 1, maxMs: 1 } },
    behaviour,
    runsAnyCommand: false,
    parseInput: () => ({}),
    retryOf: () => undefined,
    rehearse: () => ({ commands: [], output: {}, undo: [], undoes: [] }),
    schemas: { input: {}, output: {} },
  };
  return { behaviour, runner, calls };
}

const error = new WfError('E_FOREIGN', 'set by the test', { hint: 'none' });
const OURS: Observation<Json, Json> = { found: 'ours', target: 'x', record: { whole: true }, output: 'made' };
const SEEN: Readonly<Record<string, Observation<Json, Json>>> = {
  absent: { found: 'absent', target: 'x', record: {} },
  'not yet': { found: 'absent', target: 'x', record: {} },
  partial: { found: 'partial', target: 'x', record: { half: true } },
  ours: OURS,
  unchanged: { found: 'unchanged', output: 'unchanged' },
  foreign: { found: 'foreign', error },
  unknown: { found: 'unknown', error },
};

async function intend(bootId: string, at: number): Promise<Change> {
  const change: Change = {
    seq: 1,
    step: asStepId('step'),
    kind: 'test.scripted',
    target: 'x',
    record: {},
    undo: ['rm x'],
    status: 'intended',
    reason: null,
    bootId,
  };
  await journal.append([{ type: 'change.intended', change }], [], at);
  return change;
}

const forwardRows = Object.entries(FORWARD).flatMap(([journaled, row]) =>
  Object.entries(row).map(([observed, action]) => [journaled, observed, action] as const),
);

describe('the forward recovery table', () => {
  test.for(forwardRows)('journaled "%s", observed "%s": %s', async ([journaled, observed, action]) => {
    const { bootId } = ownProcess();
    const now = Date.now();
    if (journaled !== 'nothing')
      await intend(journaled === 'lost' ? OTHER_BOOT : bootId, observed === 'not yet' ? now : 1);
    const { runner, calls } = scripted(
      () => SEEN[observed] ?? OURS,
      () => ({ found: 'in place' }),
      false,
    );
    const context = testContext();
    const ledger = { ensureBaseline: async () => {}, serviceFor: () => context.ledger, revert: async () => true };
    const attempt = () =>
      applyStep(
        {
          runner,
          context,
          acting: () => context,
          journal,
          bootId,
          secrets: NO_SECRETS,
          ledger: { ...ledger, vanished: async () => [], verify: async () => null },
        },
        {},
      );
    const observation = journaled === 'intended' ? 'observe with the record' : 'observe';
    if (action === 'refuse' || action === 'stop') {
      await expect(attempt()).rejects.toBe(error);
      expect(calls).toEqual([observation]);
      return;
    }
    const { output, events } = await attempt();
    const [change] = journal.changes();
    switch (action) {
      case 'apply':
      case 'complete':
        expect(calls).toEqual([
          observation,
          `apply to ${action === 'apply' ? 'absent' : 'partial'}`,
          'observe with the record',
        ]);
        // The intent is durable, and belongs to this boot.
        expect(change).toMatchObject({ seq: 1, status: 'intended', bootId });
        expect(events).toMatchObject([{ type: 'change.applied', seq: 1 }]);
        return;
      case 'observe again':
        // No late effect appeared: the change is applied after the time limit.
        expect(calls.filter((call) => call.startsWith('apply'))).toEqual(['apply to absent']);
        expect(Date.now() - now).toBeGreaterThanOrEqual(LATE_EFFECT_MS);
        expect(calls.length).toBeGreaterThan(3);
        return;
      case 'adopt':
        expect(calls).toEqual([observation]);
        expect(output).toBe('made');
        expect(change).toMatchObject({ seq: 1, status: 'intended', bootId });
        expect(events).toMatchObject([{ type: 'change.applied', seq: 1, record: { whole: true } }]);
        return;
      case 'leave':
        expect(journal.changes()).toEqual([]);
        expect([calls, output, events]).toEqual([[observation], 'unchanged', []]);
        return;
      case 'withdraw':
        expect([calls, output]).toEqual([[observation], 'unchanged']);
        expect(events).toMatchObject([{ type: 'change.settled', seq: 1, status: 'gone' }]);
    }
  });
});

const backRows = Object.entries(BACK).flatMap(([journaled, row]) =>
  Object.entries(row).map(([observed, action]) => [journaled, observed, action] as const),
);

describe('the rollback recovery table', () => {
  test.for(backRows)('journaled "%s", observed "%s": %s', async ([journaled, observed, action]) => {
    const { bootId } = ownProcess();
    const now = Date.now();
    await intend(journaled === 'lost' ? OTHER_BOOT : bootId, observed === 'not yet' ? now : 1);
    if (journaled === 'applied')
      await journal.append([{ type: 'change.applied', seq: 1, record: {}, target: 'x', undo: [] }]);
    if (journaled === 'undo begun') await journal.append([{ type: 'change.reverting', seq: 1 }]);
    if (journaled === 'stuck' || journaled === 'kept') {
      await journal.append([{ type: 'change.settled', seq: 1, status: journaled, reason: null }]);
    }
    const found: ChangeState =
      observed === 'in place'
        ? { found: 'in place' }
        : observed === 'unknown'
          ? { found: 'unknown', error }
          : { found: 'gone', reason: 'not there' };
    const { behaviour, calls } = scripted(
      () => OURS,
      () => found,
      false,
    );
    const [change] = journal.changes();
    if (change === undefined) throw new Error('no change');
    const begun: string[] = [];
    const context = testContext();
    const settled = await undoChange({
      change,
      behaviour,
      bootId,
      journaled: journal.historyOf(1),
      observing: context,
      acting: context,
      begin: async () => {
        begun.push([...calls].join());
      },
    });
    switch (action) {
      case 'undo':
        expect(calls).toEqual(['inspect', 'undo', 'inspect']);
        // Journaled as begun after the inspection, and before the undo.
        expect(begun).toEqual(['inspect']);
        expect(settled).toMatchObject({ status: 'reverted' });
        return;
      case 'observe again':
        expect(Date.now() - now).toBeGreaterThanOrEqual(LATE_EFFECT_MS);
        expect(settled).toMatchObject({ status: journaled === 'undo begun' ? 'reverted' : 'gone' });
        return;
      case 'settle as gone':
        expect(settled).toMatchObject({ status: 'gone' });
        break;
      case 'settle as reverted':
        expect(settled).toMatchObject({ status: 'reverted' });
        break;
      case 'settle as stuck':
        expect(settled).toMatchObject({ status: 'stuck', reason: 'set by the test' });
    }
    expect(calls).toEqual(journaled === 'lost' ? [] : ['inspect']);
    expect(begun).toEqual([]);
  });
});

describe('docs/explanation/recovery.md', () => {
  const text = readFileSync(
    fileURLToPath(new URL('../../../../docs/explanation/recovery.md', import.meta.url)),
    'utf8',
  );
  const rowsOf = (table: Readonly<Record<string, Readonly<Record<string, string>>>>) =>
    Object.entries(table).map(([journaled, row]) => `| ${journaled} | ${Object.values(row).join(' | ')} |`);

  test.for([
    ...rowsOf(FORWARD),
    ...rowsOf(BACK),
    ...Object.entries(RESUME).map(([journaled, action]) => `| ${journaled} | ${action} |`),
  ])('shows the row %s', (row) => {
    expect(text).toContain(row);
  });
});
