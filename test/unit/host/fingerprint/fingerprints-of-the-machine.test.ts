import { expect, test } from 'vitest';
import { FACETS } from '../../../../src/engine/workflow/facets.ts';
import { machineFingerprints } from '../../../../src/runtime/machine-fingerprints.ts';
import { machinePorts } from '../../../../src/runtime/machine-ports.ts';
import { comparedRun } from '../../../support/in-process/compared-run.ts';

test('a comparison is refused until a fingerprint of the machine is taken', async () => {
  const ports = {
    ...machinePorts({ DOCKER_HOST: 'unix:///nowhere/docker.sock' }, '/nonexistent/wf.db'),
    command: { run: () => Promise.reject(new Error('no command is run here')) },
  };
  const fingerprints = machineFingerprints(ports);
  const compared = () => fingerprints.compare({}, {}, comparedRun('k3v9x2mq7p'));
  expect(compared).toThrow(expect.objectContaining({ code: 'E_INTERNAL' }));
  await fingerprints.take(FACETS).catch(() => {});
  // The comparison begins, and finds that {} is no fingerprint.
  expect(compared).toThrow(expect.objectContaining({ code: 'E_DATABASE_DAMAGED' }));
});
