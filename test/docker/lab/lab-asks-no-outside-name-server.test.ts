import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { openProject } from '../../support/command/run-wf.ts';
import { describeDocker } from '../../support/engines/docker-tests.ts';
import { removeEngine, startEngine, type TestEngine } from '../../support/engines/engine.ts';
import { ensureImages, PROBE_IMAGE } from '../../support/engines/images.ts';
import { tool } from '../../support/host/host-state.ts';
import { startLab } from '../../support/workflows/lab.ts';

const ADDRESS = '10.99.0.1';
const SERVER = fileURLToPath(new URL('../../fixtures/docker/silent-name-server.mjs', import.meta.url));

describeDocker('the lab on an engine whose name server does not answer', () => {
  let engine: TestEngine;
  let through: string[];
  beforeAll(async () => {
    engine = await startEngine({ address: ADDRESS, search: 'corp.example' });
    through = ['nsenter', `--net=/run/netns/${engine.namespace}`, '--'];
    await tool('ip', '-n', engine.namespace, 'link', 'add', 'uplink', 'type', 'bridge');
    await tool('ip', '-n', engine.namespace, 'address', 'add', `${ADDRESS}/24`, 'dev', 'uplink');
    await tool('ip', '-n', engine.namespace, 'link', 'set', 'uplink', 'up');
    await ensureImages(engine.dockerHost);
  });
  afterAll(() => removeEngine(engine));

  test('sends it no query, and removes its containers without delay', async () => {
    const asked: string[] = [];
    const server = execa('nsenter', [...through.slice(1), process.execPath, SERVER, ADDRESS], { reject: false });
    server.stdout.on('data', (chunk) => asked.push(...String(chunk).trim().split('\n')));
    try {
      await expect.poll(() => asked, { timeout: 20_000 }).toEqual(['listening']);
      const env = { DOCKER_HOST: engine.dockerHost };
      const ended = await openProject().wf(startLab({}, '--json'), { through, env });
      expect(ended.exitCode, ended.stderr).toBe(0);
      const { steps } = runRecordSchema.parse(ended.json());
      expect(asked).toEqual(['listening']);
      // With a query under way, the engine waits 3.5 s before it removes the container.
      const removal = steps.find(({ id }) => id === 'removeAppDev');
      expect(removal?.durationMs).toBeLessThan(3_000);

      // The control: this engine forwards names to that server.
      const asking = ['run', '--rm', '--network', 'net', PROBE_IMAGE, 'nslookup', 'control.example'];
      await tool('docker', '--host', engine.dockerHost, 'network', 'create', 'net');
      await execa('docker', ['--host', engine.dockerHost, ...asking], { reject: false });
      await tool('docker', '--host', engine.dockerHost, 'network', 'rm', 'net');
      expect(asked).toContain('control.example');
    } finally {
      server.kill('SIGKILL');
      await server;
    }
  });
});
