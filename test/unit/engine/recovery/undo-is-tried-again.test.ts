import { expect, test } from 'vitest';
import type { Change } from '../../../../src/engine/model/change.ts';
import { WfError } from '../../../../src/engine/model/errors.ts';
import { asStepId } from '../../../../src/engine/model/ids.ts';
import { undoChange } from '../../../../src/engine/run/undo-change.ts';
import type { ChangeBehaviour } from '../../../../src/engine/workflow/step.ts';
import { ownProcess } from '../../../../src/host/processes/process.ts';
import { testContext } from '../../../support/in-process/step-context.ts';

/** Undoes one change whose undo throws the given errors in turn, and then works. Returns the number of tries. */
async function undoing(...failures: readonly WfError[]) {
  const left = [...failures];
  let tries = 0;
  let isInPlace = true;
  const behaviour: ChangeBehaviour = {
    type: 'change',
    kept: null,
    survivesReboot: true,
    lateEffectMs: 0,
    observe: () => Promise.reject(new Error('not asked')),
    apply: () => Promise.reject(new Error('not asked')),
    inspect: async () => (isInPlace ? { found: 'in place' } : { found: 'gone', reason: 'undone' }),
    async undo() {
      tries += 1;
      const failure = left.shift();
      if (failure !== undefined) throw failure;
      isInPlace = false;
    },
    undoCommands: () => [],
  };
  const { bootId } = ownProcess();
  const change: Change = {
    seq: 1,
    step: asStepId('step'),
    kind: 'test.undo',
    target: 'x',
    record: {},
    undo: [],
    status: 'applied',
    reason: null,
    bootId,
  };
  const context = testContext();
  const settled = await undoChange({
    change,
    behaviour,
    bootId,
    journaled: { intendedAt: 1, undoBegun: false },
    observing: context,
    acting: context,
    begin: async () => {},
  });
  return { tries, status: settled.status, reason: settled.reason };
}

const busy = () => new WfError('E_DOCKER', 'the engine is busy', { hint: 'none', transient: true });
const never = () => new WfError('E_FOREIGN', 'somebody needs it', { hint: 'none' });

test('an undo with transient failures is retried, and the change is reverted', async () => {
  expect(await undoing(busy(), busy())).toEqual({ tries: 3, status: 'reverted', reason: null });
});

test('an undo that keeps failing is given up with its reason', async () => {
  const failures = Array.from({ length: 20 }, busy);
  expect(await undoing(...failures)).toEqual({ tries: 4, status: 'stuck', reason: 'the engine is busy' });
});

test('an undo with a permanent failure is not retried', async () => {
  expect(await undoing(never())).toEqual({ tries: 1, status: 'stuck', reason: 'somebody needs it' });
});
