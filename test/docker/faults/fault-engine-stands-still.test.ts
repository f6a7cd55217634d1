import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { openProject, type WfOptions } from '../../support/command/run-wf.ts';
import { describeDocker } from '../../support/engines/docker-tests.ts';
import type { TestEngine } from '../../support/engines/engine.ts';
import { type OwnEngine, useOwnEngines } from '../../support/engines/own-engine.ts';
import { startLab } from '../../support/workflows/lab.ts';
import { expectAllUndone } from '../../support/workflows/paused-lab.ts';

/** Longer than wf waits for a request of a killed client, shorter than it waits for an answer. */
const STANDS_STILL_MS = 5_000;
/** Time for late effects of the engine. */
const LANDED_MS = 2_000;

const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

describeDocker('a stopped engine (SIGSTOP) that continues after wf is killed', () => {
  let engine: TestEngine;
  let options: WfOptions;
  let state: OwnEngine['state'];
  const own = useOwnEngines(1);
  beforeAll(() => {
    ({ engine, options, state } = own(0));
  });

  test('creates a container late, and the rollback still undoes it', async () => {
    const before = await state();
    const pid = Number(readFileSync(path.join(engine.directory, 'pid'), 'utf8'));
    const project = openProject();
    const points = path.join(project.folder, 'points');
    const lab = project.start(startLab({}, '--id', 'lab'), {
      ...options,
      env: { ...options.env, WF_CRASH_LOG: points },
    });
    while (!existsSync(points) || !/before touch createAppDev .* docker create/.test(readFileSync(points, 'utf8'))) {
      await after(1);
    }
    process.kill(pid, 'SIGSTOP');
    try {
      // By then the request is in the engine's queue.
      await after(500);
      lab.kill('SIGKILL');
      await lab.end;
      const rollback = project.start(['rollback', 'lab', '--json'], options);
      await after(STANDS_STILL_MS);
      process.kill(pid, 'SIGCONT');
      const end = await rollback.end;
      expect(end.exitCode, end.stdout + end.stderr).toBe(0);
      const record = runRecordSchema.parse(end.json());
      expect(record.status).toBe('rolled-back');
      expectAllUndone(record);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await after(LANDED_MS);
    expect(await state()).toEqual(before);
  });
});
