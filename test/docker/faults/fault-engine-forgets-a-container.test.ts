import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { runRecordSchema } from '../../support/command/run-record.ts';
import type { WfOptions } from '../../support/command/run-wf.ts';
import { describeDocker } from '../../support/engines/docker-tests.ts';
import { startDaemon, stopDaemon, type TestEngine } from '../../support/engines/engine.ts';
import { type OwnEngine, useOwnEngines } from '../../support/engines/own-engine.ts';
import type { Tool } from '../../support/host/host-state.ts';
import { expectAllUndone, pausedAfter } from '../../support/workflows/paused-lab.ts';

describeDocker('a killed engine that forgets a container', () => {
  let engine: TestEngine;
  let options: WfOptions;
  let state: OwnEngine['state'];
  let at: Tool;
  const own = useOwnEngines(1);
  beforeAll(() => {
    ({ engine, options, state, at } = own(0));
  });

  test('does not stop a rollback, which removes its processes and links by their records in the ledger', async () => {
    const before = await state();
    const lab = await pausedAfter('vethSplice', options);
    const inspect = async (template: string) => (await at('docker', 'inspect', '--format', template, 'AppDev')).trim();
    const [id, pid] = [await inspect('{{.Id}}'), await inspect('{{.State.Pid}}')];
    const rollback = lab.project.start(['rollback', 'lab', '--json'], {
      ...options,
      env: { ...options.env, WF_HALT_AT: 'before touch createAppDev undo 1 docker rm' },
    });
    const halted = () => / T /.test(readFileSync(`/proc/${rollback.pid}/stat`, 'utf8'));
    await expect.poll(halted, { timeout: 60_000 }).toBe(true);
    await stopDaemon(engine, 'SIGKILL');
    rmSync(path.join(engine.directory, 'data', 'containers', id), { recursive: true });
    await startDaemon(engine);
    expect(await at('docker', 'ps', '--all', '--quiet', '--filter', 'name=AppDev')).toBe('');
    expect(existsSync(`/proc/${pid}`), 'it runs on under its shim').toBe(true);
    rollback.kill('SIGCONT');
    const end = await rollback.end;
    const record = runRecordSchema.parse(end.json());
    expect({ exitCode: end.exitCode, status: record.status }).toEqual({ exitCode: 0, status: 'rolled-back' });
    expectAllUndone(record);
    expect(record.changes.find(({ step }) => step === 'createAppDev')?.status).toBe('reverted');
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect(await state()).toEqual(before);
  });
});
