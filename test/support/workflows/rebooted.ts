import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { type LoadedFile, loadWorkflow } from '../../../src/definition/load.ts';
import { NO_CRASH_POINTS } from '../../../src/engine/ports/crash-points.ts';
import { createEngine } from '../../../src/engine/run/create-engine.ts';
import type { Engine } from '../../../src/engine/run/engine.ts';
import type { StepRunner } from '../../../src/engine/workflow/step.ts';
import { openHistory } from '../../../src/history/open.ts';
import { createGuards } from '../../../src/host/guard/create-guards.ts';
import { lockedClaims } from '../../../src/host/locks/claims.ts';
import { systemClock } from '../../../src/host/machine/clock.ts';
import { createOrphanedProcesses } from '../../../src/host/processes/orphaned-processes.ts';
import { ownProcess } from '../../../src/host/processes/process.ts';
import { confineCode } from '../../../src/host/workflow-code/confine-code.ts';
import { machineNotifier } from '../../../src/library/dependencies/machine-notifier.ts';
import { ownStepRunners } from '../../../src/library/dependencies/step-runners.ts';
import { wfModule } from '../../../src/library/wf-module.ts';
import { machinePorts } from '../../../src/runtime/machine-ports.ts';
import { createRuntimes } from '../../../src/runtime/runtimes.ts';
import { guardUnit } from '../../../src/steps/systemd/guard-unit.ts';
import { docker, linkNames } from '../engines/docker-tests.ts';
import { linksOf } from '../host/host-state.ts';

const PATIENCE = { timeout: 20_000 };

/** Imitates a restart of the machine for a lab: its containers end, and everything in their namespaces is gone. */
export async function endContainersAsAReboot(...names: readonly string[]): Promise<void> {
  const paired = await linksPairedWithContainers();
  await docker('kill', ...names);
  // The kernel takes their namespaces apart a moment later.
  await expect.poll(async () => (await linkNames()).filter((name) => paired.includes(name)), PATIENCE).toEqual([]);
}

/** Links of this namespace whose other end is in another one. */
async function linksPairedWithContainers(): Promise<readonly string[]> {
  return [...(await linksOf()).values()].flatMap((link) => (link.link_netnsid === undefined ? [] : [link.ifname]));
}

/**
 * Calls `work` with an engine of a process after the next boot: the boot id that it reads differs, and every earlier owner of a
 * lease is dead. Everything else is real.
 */
export async function afterReboot<Answer>(
  database: string,
  work: (engine: Engine, runner: (kind: string) => StepRunner | undefined) => Promise<Answer>,
): Promise<Answer> {
  const history = openHistory(database);
  try {
    const engine = createEngine({
      history,
      runtimes: createRuntimes(machinePorts(process.env, database)),
      claims: lockedClaims,
      orphans: createOrphanedProcesses(systemClock),
      crashPoints: NO_CRASH_POINTS,
      clock: systemClock,
      notifier: machineNotifier(database, () => history),
      guards: createGuards({ program: 'dist/wf.cjs', executed: () => [], database, runner: guardUnit.runner }),
      random: Math.random,
      newRunId: () => {
        throw new Error('no run is started');
      },
      owner: { ...ownProcess(), bootId: 'the-boot-after' },
      isAlive: ({ bootId }) => bootId === 'the-boot-after',
    });
    const runners = await ownStepRunners();
    return await work(engine, (kind) => runners.get(kind));
  } finally {
    history.close();
  }
}

/** The lab's workflow as wf itself loads it. */
export async function loadLab(): Promise<LoadedFile> {
  const cacheFolder = mkdtempSync(path.join(tmpdir(), 'wf-test-'));
  try {
    const file = fileURLToPath(new URL('../../../workflows/lab-network.ts', import.meta.url));
    return await loadWorkflow({ name: 'lab-network', file }, { cacheFolder, wfModule, confine: confineCode });
  } finally {
    rmSync(cacheFolder, { recursive: true, force: true });
  }
}
