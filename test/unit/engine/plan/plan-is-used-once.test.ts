import { afterEach, beforeEach, expect, test } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { describeDefinition } from '../../../../src/definition/describe.ts';
import { requestOfPlan } from '../../../../src/engine/plan/request-of-plan.ts';
import type { StartRequest } from '../../../../src/engine/run/engine.ts';
import { type FolderHost, loaded, openFolderHost, runId } from '../../../support/in-process/folder-host.ts';

let host: FolderHost;
beforeEach(() => {
  host = openFolderHost();
});
afterEach(() => host.close());

/** Saves a plan of a run that makes a file and keeps it, and returns the request that starts it. */
async function plannedStart(): Promise<StartRequest> {
  const { makeFile } = host;
  const machine = setup({ actors: { makeFile } }).createMachine({
    initial: 'make',
    states: {
      make: { invoke: { id: 'make', src: 'makeFile', input: { name: 'kept' }, onDone: 'end' } },
      end: { type: 'final' },
    },
  });
  const workflow = loaded({
    name: 'keeps',
    version: '1',
    description: '',
    input: z.object({}),
    machine,
    keepsChanges: true,
  });
  const definition = describeDefinition(workflow, workflow.model);
  const planned = await host.engine.plan({
    workflow,
    definition,
    input: {},
    runtime: 'docker',
    options: { onFailure: 'rollback', pauseAfter: null },
    id: runId(`planned-${process.pid}`),
  });
  expect(host.files()).toEqual([]);
  return requestOfPlan(host.engine.savePlan(planned), { workflow, definition }, {});
}

test('a plan that was read before another process used it is refused as used, not for the changes of that run', async () => {
  const request = await plannedStart();
  const first = await host.engine.start(request);
  expect(await first.result).toMatchObject({ end: { status: 'succeeded' } });
  expect(host.files()).toEqual(['kept']);
  await expect(host.engine.start(request)).rejects.toMatchObject({ code: 'E_PLAN_USED' });
  expect(host.history.runs({ limit: 9 })).toHaveLength(1);
});

test('exactly one of several concurrent starts in one process uses the plan', async () => {
  const request = await plannedStart();
  const starts = await Promise.allSettled(Array.from({ length: 5 }, () => host.engine.start(request)));
  for (const start of starts) if (start.status === 'fulfilled') await start.value.result;
  expect(starts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const start of starts) {
    if (start.status === 'rejected') expect(start.reason).toMatchObject({ code: 'E_PLAN_USED' });
  }
});

test('a plan that was pruned meanwhile starts nothing', async () => {
  const request = await plannedStart();
  host.history.prunePlans({ endedBefore: 0, keep: 0, plansBefore: Number.MAX_SAFE_INTEGER, isAlive: () => false });
  await expect(host.engine.start(request)).rejects.toMatchObject({ code: 'E_PLAN_NOT_FOUND' });
  expect(host.files()).toEqual([]);
});
