import { expect, test } from 'vitest';
import { machinePorts } from '../../src/host/machine-ports.ts';
import { machineFingerprints } from '../../src/runtime/machine-fingerprints.ts';
import { runId } from '../support/folder-host.ts';

test('nothing is compared before a fingerprint of the machine was taken; from then on it is', async () => {
  const ports = {
    ...machinePorts({ DOCKER_HOST: 'unix:///nowhere/docker.sock' }),
    command: { run: () => Promise.reject(new Error('no command is run here')) },
  };
  const fingerprints = machineFingerprints(ports);
  const compared = () => fingerprints.compare({}, {}, runId('k3v9x2mq7p'), []);
  expect(compared).toThrow(expect.objectContaining({ code: 'E_INTERNAL' }));
  await fingerprints.take().catch(() => {});
  // It is looked at, and is none.
  expect(compared).toThrow(expect.objectContaining({ code: 'E_DATABASE_DAMAGED' }));
});
