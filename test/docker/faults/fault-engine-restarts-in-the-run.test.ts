import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { beforeAll, expect } from 'vitest';
import { refusalSchema, runRecordSchema } from '../../support/command/run-record.ts';
import { openProject } from '../../support/command/run-wf.ts';
import { describeDocker } from '../../support/engines/docker-tests.ts';
import { restartDaemon, startDaemon, stopDaemon, type TestEngine } from '../../support/engines/engine.ts';
import { PROBE_IMAGE } from '../../support/engines/images.ts';
import { type OwnEngine, useOwnEngines } from '../../support/engines/own-engine.ts';
import { testsInTurn } from '../../support/tests-in-turn.ts';
import { startLab } from '../../support/workflows/lab.ts';
import { expectAllUndone, expectFailedAndUndone, pausedAfter } from '../../support/workflows/paused-lab.ts';

/** Prints the names of the queries that it gets, and never answers. */
const NAME_SERVER = fileURLToPath(new URL('../../fixtures/docker/silent-name-server.mjs', import.meta.url));

/** Two of these four subnets are for the lab. */
const FEW_SUBNETS = { 'default-address-pools': [{ base: '172.31.0.0/22', size: 24 }] };

describeDocker('an engine that restarts during a run', () => {
  let engine: TestEngine;
  let options: OwnEngine['options'];
  let state: OwnEngine['state'];
  let at: OwnEngine['at'];
  const own = useOwnEngines(1);
  const everySecond = testsInTurn(2);
  beforeAll(() => {
    ({ engine, options, state, at } = own(0));
  });

  everySecond(
    'prevents a resume while it is down, fails the run if its containers have ended, and leaves changes stuck until it is back',
    async () => {
      const before = await state();
      const lab = await pausedAfter('isolationTest', { ...options, more: ['--on-failure', 'keep'] });
      await stopDaemon(engine);
      const refused = await lab.project.sharedWf(['resume', 'lab', '--json'], options);
      expect({ exitCode: refused.exitCode, code: refusalSchema.parse(refused.json()).error.code }).toEqual({
        exitCode: 3,
        code: 'E_DOCKER_UNREACHABLE',
      });
      await startDaemon(engine);
      const failed = await lab.resume();
      expect({ exitCode: failed.exitCode, error: failed.record.error }).toMatchObject({
        exitCode: 1,
        error: { code: 'E_NAMESPACE_GONE', message: expect.stringContaining('AppProd') },
      });
      await stopDaemon(engine);
      const { exitCode, record } = await lab.rollBack();
      expect({ exitCode, status: record.status }).toEqual({ exitCode: 5, status: 'needs-attention' });
      const stuck = record.changes.filter((change) => change.status === 'stuck').map(({ target }) => target);
      expect(stuck.toSorted()).toEqual(['container AppDev', 'container AppProd', 'network devops', 'network prod']);
      await startDaemon(engine);
      const again = await lab.rollBack();
      expect(again.exitCode).toBe(0);
      expectAllUndone(again.record);
      expect(await state()).toEqual(before);
    },
  );

  const moments = [
    ['during a probe', /^isolationTest {2}controlAppDevAnswersPing .* ok /, 'rolled-back'],
    ['during teardown', /^teardown {2}removeAppDev .* ok /, 'succeeded'],
  ] as const;
  for (const [moment, line, status] of moments) {
    everySecond(`is awaited by the calls of a step ${moment}, and the host is restored`, async () => {
      const before = await state();
      const lab = openProject().start(startLab({}, '--id', 'lab', '--json'), options);
      await lab.haltAt(line);
      await stopDaemon(engine, 'SIGKILL');
      lab.kill('SIGCONT');
      await startDaemon(engine);
      const end = await lab.end;
      const record = runRecordSchema.parse(end.json());
      expect({ exitCode: end.exitCode, status: record.status }).toEqual({
        exitCode: status === 'succeeded' ? 0 : 1,
        status,
      });
      expectAllUndone(record);
      expect(await state()).toEqual(before);
    });
  }

  everySecond(
    'does not fail the run if its containers keep running (live-restore); the lab queries no outside name server, and removes its containers without delay',
    async () => {
      const address = '10.99.0.1';
      await restartDaemon(engine, {
        'live-restore': true,
        dns: [address],
        'dns-search': ['corp.example'],
        ...FEW_SUBNETS,
      });
      await at('ip', 'link', 'add', 'uplink', 'type', 'bridge');
      await at('ip', 'address', 'add', `${address}/24`, 'dev', 'uplink');
      await at('ip', 'link', 'set', 'uplink', 'up');
      const asked: string[] = [];
      const [enter, ...inEngine] = options.through;
      const server = execa(enter, [...inEngine, process.execPath, NAME_SERVER, address], { reject: false });
      server.stdout.on('data', (chunk) => asked.push(...String(chunk).trim().split('\n')));
      try {
        await expect.poll(() => asked, { timeout: 20_000 }).toEqual(['listening']);
        const before = await state();
        const lab = await pausedAfter('vethSplice', options);
        await stopDaemon(engine, 'SIGKILL');
        await startDaemon(engine);
        const { exitCode, record } = await lab.resume();
        expect({ exitCode, status: record.status, error: record.error }).toEqual({
          exitCode: 0,
          status: 'succeeded',
          error: null,
        });
        expectAllUndone(record);
        expect(await state()).toEqual(before);
        expect(asked).toEqual(['listening']);
        // With a query under way, the engine waits 3.5 s before it removes the container.
        expect(record.steps.find(({ id }) => id === 'removeAppDev')?.durationMs).toBeLessThan(3_000);

        // The control: this engine forwards names to that server.
        await at('docker', 'network', 'create', 'net');
        const asking = ['run', '--rm', '--network', 'net', PROBE_IMAGE, 'nslookup', 'control.example'];
        await at('docker', ...asking).catch(() => {});
        await at('docker', 'network', 'rm', 'net');
        expect(asked).toContain('control.example');
      } finally {
        server.kill('SIGKILL');
        await server;
      }
    },
  );

  everySecond('fails the run if it has no free subnet, and the run is undone', async () => {
    await restartDaemon(engine, FEW_SUBNETS);
    const others = ['one', 'two', 'three', 'four', 'five'];
    const made = await Promise.allSettled(others.map((name) => at('docker', 'network', 'create', name)));
    const [one = ''] = made.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
    expect(made.map(({ status }) => status)).toContain('rejected');
    await at('docker', 'network', 'rm', one);
    const before = await state();
    const end = await openProject().sharedWf(startLab({}, '--json'), options);
    expectFailedAndUndone(
      { exitCode: end.exitCode, record: runRecordSchema.parse(end.json()), stderr: end.stderr },
      { code: 'E_SUBNET_IN_USE', message: ['could not find an available, non-overlapping IPv4 address pool'] },
    );
    expect(await state()).toEqual(before);
  });
});
