import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { describeDefinition } from '../../../../src/definition/describe.ts';
import { WfError } from '../../../../src/engine/model/errors.ts';
import type { RunId } from '../../../../src/engine/model/ids.ts';
import type { RunHandle } from '../../../../src/engine/run/engine.ts';
import { lateEffectOf } from '../../../../src/engine/run/undo-change.ts';
import { defineStep } from '../../../../src/engine/workflow/define-step.ts';
import type { LoadedWorkflow } from '../../../../src/engine/workflow/workflow.ts';
import { readRunMaterial } from '../../../../src/review/record/run-material.ts';
import { runRecord } from '../../../../src/review/record/run-record.ts';
import { storedRun } from '../../../fixtures/history/stored-run.ts';
import { runRecordSchema } from '../../../support/command/run-record.ts';
import { type FolderHost, loaded, openFolderHost } from '../../../support/in-process/folder-host.ts';
import { type SimulatedClock, simulatedClock } from '../../../support/in-process/simulated-clock.ts';

const YEAR_MS = 365 * 24 * 3_600_000;
const SHIFTS = [
  ['back', -YEAR_MS],
  ['forward', YEAR_MS],
] as const;

let clock: SimulatedClock;
let host: FolderHost;
beforeEach(() => {
  clock = simulatedClock();
  // Every owner counts as dead.
  host = openFolderHost(clock, () => false);
});
afterEach(() => host.close());

/** Fails until the file `go` is there. */
const patient = defineStep({
  kind: 'test.patient',
  description: 'fails until it may succeed',
  input: z.object({ folder: z.string() }),
  output: z.object({}),
  retry: { attempts: 3, initialMs: 1_000, factor: 2, maxMs: 4_000 },
  commands: () => [],
  rehearse: () => ({}),
  async read({ folder }) {
    if (existsSync(path.join(folder, 'go'))) return {};
    throw new WfError('E_DOCKER', 'not yet', { hint: 'none', transient: true });
  },
});

/** Makes a file, waits five seconds, and then runs a step that needs retries. */
function workflow(): LoadedWorkflow {
  const machine = setup({ actors: { makeFile: host.makeFile, patient } }).createMachine({
    initial: 'make',
    states: {
      make: { invoke: { id: 'make', src: 'makeFile', input: { name: 'made' }, onDone: 'wait' } },
      wait: { after: { 5000: 'again' } },
      again: { invoke: { id: 'patient', src: 'patient', input: { folder: host.folder }, onDone: 'done' } },
      done: { type: 'final' },
    },
  });
  return loaded({ name: 'timed', version: '1', description: '', input: z.object({}), machine, keepsChanges: true });
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`it does not come about: ${String(condition)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const types = (run: RunId) => host.history.journal(run).map(({ event }) => event.type);

/** Abandons a run, as if the process that advances it had died. */
async function left(handle: RunHandle): Promise<void> {
  host.history.release({ run: handle.id, fence: host.history.run(handle.id)?.fence ?? 0 });
  handle.interrupt('SIGKILL');
  await handle.result.catch(() => {});
}

async function resume(run: RunId): Promise<RunHandle> {
  const flow = workflow();
  const definition = describeDefinition(flow, flow.model);
  const handle = await host.engine.resume({ run, workflow: flow, definition, acceptChanges: false, pauseAfter: null });
  handle.result.catch(() => {});
  return handle;
}

describe('a clock that is set between two processes of a run', () => {
  test.for(SHIFTS)('%s: a timer and a retry wait for at most their own delay', async ([, shift]) => {
    const handle = await host.start(workflow());
    handle.result.catch(() => {});
    await until(() => types(handle.id).includes('waiting'));
    await left(handle);

    clock.set(clock.now() + shift);
    let from = clock.now();
    const again = await resume(handle.id);
    await until(() => clock.pending > 0);
    clock.step();
    // Set back: the whole five seconds. Set forward: no time, as the deadline has passed.
    expect(clock.now() - from).toBe(shift < 0 ? 5_000 : 0);
    await until(() => types(handle.id).includes('step.retrying'));
    await left(again);

    clock.set(clock.now() + shift);
    from = clock.now();
    const third = await resume(handle.id);
    await until(() => clock.pending > 0);
    clock.step();
    expect(clock.now() - from).toBeLessThanOrEqual(4_000);
    // Two failures of three: the budget counts failures, not time.
    await until(() => types(handle.id).filter((type) => type === 'step.retrying').length === 2);
    writeFileSync(path.join(host.folder, 'go'), '');
    clock.step();
    expect(await third.result).toMatchObject({ type: 'ended', end: { status: 'succeeded' } });
    expect(host.history.steps(handle.id).find(({ id }) => id === 'patient')).toMatchObject({ attempts: 3 });

    const run = storedRun(host.history, handle.id);
    // No duration is negative.
    const record: unknown = JSON.parse(JSON.stringify(runRecord(readRunMaterial(host.history, run), () => false)));
    const { durationMs, stages } = runRecordSchema.parse(record);
    for (const ms of [durationMs, ...stages.map((stage) => stage.durationMs)]) expect(ms).toBeGreaterThanOrEqual(0);
  });

  test.for(SHIFTS)('%s: a rollback undoes the changes', async ([, shift]) => {
    const handle = await host.start(workflow());
    handle.result.catch(() => {});
    await until(() => types(handle.id).includes('waiting'));
    await left(handle);
    clock.set(clock.now() + shift);
    const runner = (kind: string) => (kind === host.makeFile.runner.kind ? host.makeFile.runner : undefined);
    const rolledBack = await host.engine.rollBack({ run: handle.id, runner, removeKept: false });
    expect(await rolledBack?.result).toMatchObject({ type: 'ended', end: { status: 'rolled-back' } });
    expect(host.files()).toEqual([]);
  });
});

test('a late effect is awaited for at most its time limit, whatever the clock showed at the request', () => {
  const lateEffectMs = 2_000;
  const { behaviour } = host.makeFile.runner;
  if (behaviour.type !== 'change') throw new Error('it only reads');
  for (const [, shift] of SHIFTS) {
    const lateEffect = lateEffectOf({ ...behaviour, lateEffectMs }, clock.now() - shift, clock);
    clock.set(clock.now() + lateEffectMs);
    expect(lateEffect.isPossible()).toBe(false);
  }
});
