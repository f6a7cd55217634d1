import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openRunJournal, type RunJournal } from '../../../../src/engine/journal/run-journal.ts';
import type { Change } from '../../../../src/engine/model/change.ts';
import { WfError } from '../../../../src/engine/model/errors.ts';
import { asStepId } from '../../../../src/engine/model/ids.ts';
import { NO_CRASH_POINTS } from '../../../../src/engine/ports/crash-points.ts';
import { applyStep } from '../../../../src/engine/run/apply-change.ts';
import { undoChange } from '../../../../src/engine/run/undo-change.ts';
import { NO_SECRETS } from '../../../../src/engine/secrets/secrets.ts';
import type { ChangeBehaviour, StepRunner } from '../../../../src/engine/workflow/step.ts';
import { ownProcess } from '../../../../src/host/processes/process.ts';
import { createRun, type FolderHost, openFolderHost } from '../../../support/in-process/folder-host.ts';
import { testContext } from '../../../support/in-process/step-context.ts';

const LATE_EFFECT_MS = 400;

let host: FolderHost;
let journal: RunJournal;
beforeEach(() => {
  host = openFolderHost();
  const lease = createRun(host.history, 'late');
  const { clock } = testContext().host;
  journal = openRunJournal({
    history: host.history,
    lease,
    clock,
    crashPoints: NO_CRASH_POINTS,
    observer: {},
    secrets: NO_SECRETS,
  });
});
afterEach(() => host.close());

const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** An engine that a dead client asked for an object long ago, and that is stalled until its first inspection. */
function stalledEngine(answersAfterMs: number, effectAfterMs: number) {
  const calls: string[] = [];
  let there = false;
  let inspections = 0;
  /** Answers the first inspection late; the requested object appears some time after that answer. */
  async function isVisible(): Promise<boolean> {
    inspections += 1;
    if (inspections > 1) return there;
    await after(answersAfterMs);
    setTimeout(() => (there = true), effectAfterMs).unref();
    return false;
  }
  const behaviour: ChangeBehaviour = {
    type: 'change',
    kept: null,
    survivesReboot: true,
    lateEffectMs: LATE_EFFECT_MS,
    async observe() {
      if (!(await isVisible())) return { found: 'absent', target: 'x', record: {} };
      return { found: 'ours', target: 'x', record: {}, output: 'made' };
    },
    async apply(_input, record) {
      calls.push('apply');
      there = true;
      return record;
    },
    inspect: async () => ((await isVisible()) ? { found: 'in place' } : { found: 'gone', reason: 'not there' }),
    async undo() {
      calls.push('undo');
      there = false;
    },
    undoCommands: () => [],
  };
  const isThere = () => there;
  return { behaviour, calls, isThere };
}

async function intended(): Promise<Change> {
  const change: Change = {
    seq: 1,
    step: asStepId('step'),
    kind: 'test.late',
    target: 'x',
    record: {},
    undo: [],
    status: 'intended',
    reason: null,
    bootId: ownProcess().bootId,
  };
  // Long ago: its time limit has passed.
  await journal.append([{ type: 'change.intended', change }], [], 1);
  return change;
}

function runnerOf(behaviour: ChangeBehaviour): StepRunner {
  return {
    kind: 'test.late',
    description: 'has the given behaviour',
    policy: { timeoutMs: 5_000, retry: { attempts: 1, initialMs: 1, factor: 1, maxMs: 1 } },
    behaviour,
    runsAnyCommand: false,
    parseInput: () => ({}),
    retryOf: () => undefined,
    rehearse: () => ({ commands: [], output: {}, undo: [], undoes: [] }),
    schemas: { input: {}, output: {} },
  };
}

function attempt(behaviour: ChangeBehaviour) {
  const context = testContext();
  return applyStep(
    {
      runner: runnerOf(behaviour),
      context,
      acting: () => context,
      journal,
      bootId: ownProcess().bootId,
      secrets: NO_SECRETS,
      ledger: {
        ensureBaseline: async () => {},
        serviceFor: () => context.ledger,
        revert: async () => true,
        vanished: async () => [],
        verify: async () => null,
      },
    },
    {},
  );
}

function undoing(behaviour: ChangeBehaviour, change: Change) {
  const context = testContext();
  return undoChange({
    change,
    behaviour,
    bootId: ownProcess().bootId,
    journaled: journal.historyOf(1),
    observing: context,
    acting: context,
    begin: async () => {},
  });
}

describe('a request of a killed client to a stalled engine', () => {
  test('is undone although the first inspection does not find its effect', async () => {
    const { behaviour, calls, isThere } = stalledEngine(LATE_EFFECT_MS, 100);
    expect(await undoing(behaviour, await intended())).toMatchObject({ status: 'reverted' });
    expect(calls).toEqual(['undo']);
    await after(200);
    expect(isThere()).toBe(false);
  });

  test('is adopted by the resumed step, and not repeated', async () => {
    await intended();
    const { behaviour, calls } = stalledEngine(LATE_EFFECT_MS, 100);
    expect(await attempt(behaviour)).toMatchObject({ output: 'made' });
    expect(calls).toEqual([]);
  });

  test('is settled as gone if no effect appears within its time limit', async () => {
    const { behaviour, calls } = stalledEngine(LATE_EFFECT_MS, 60_000);
    const begunAt = performance.now();
    expect(await undoing(behaviour, await intended())).toMatchObject({ status: 'gone' });
    expect(performance.now() - begunAt).toBeGreaterThanOrEqual(2 * LATE_EFFECT_MS - 5);
    expect(calls).toEqual([]);
  });
});

test('an engine that answers each inspection late does not block an undo', async () => {
  const { behaviour } = stalledEngine(0, 60_000);
  const slow: ChangeBehaviour = {
    ...behaviour,
    async inspect() {
      await after(LATE_EFFECT_MS);
      return { found: 'gone', reason: 'not there' };
    },
  };
  expect(await undoing(slow, await intended())).toMatchObject({ status: 'gone' });
});

test('an intent whose request was lost stays open, as it may still take effect', async () => {
  const behaviour: ChangeBehaviour = {
    ...stalledEngine(0, 60_000).behaviour,
    async apply() {
      throw new WfError('E_DOCKER', 'the connection was lost', { hint: 'none', transient: true });
    },
  };
  await expect(attempt(behaviour)).rejects.toMatchObject({ message: 'the connection was lost' });
  expect(journal.changes()).toMatchObject([{ seq: 1, status: 'intended' }]);
  // Without late effects it is settled at once.
  await expect(attempt({ ...behaviour, lateEffectMs: 0 })).rejects.toMatchObject({ code: 'E_DOCKER' });
  expect(journal.changes()).toMatchObject([{ seq: 1, status: 'gone' }]);
});
