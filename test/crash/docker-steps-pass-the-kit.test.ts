import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runnerOf } from '../../src/engine/workflow/define-step.ts';
import * as steps from '../../src/steps/docker/index.ts';
import {
  failEachStep,
  failEachTouch,
  foreignInTheWay,
  killEverywhere,
  runTwiceSideBySide,
  undoTwice,
} from '../../src/testing/index.ts';
import { EVERY_POINT } from '../support/crash/crash-tests.ts';
import { describeDocker, docker } from '../support/docker-tests.ts';
import { PROBE_IMAGE } from '../support/images.ts';

const OTHER = 'dkkit-other';
const STEPS = ['createNetwork', 'createVolume', 'startContainer', 'writeMark', 'joinOther'];

/** The objects by name, without ids and addresses, which differ in each run. */
async function observe(): Promise<unknown> {
  const own = ['--filter', 'name=dkkit-'];
  const format = '{{.Names}} {{.State}} {{.Ports}} {{.Mounts}} {{.Networks}}';
  const containers = (await docker('ps', '--all', ...own, '--format', format)).replace(
    /[\w-]+(?:,[\w-]+)+$/gm,
    (networks) => networks.split(',').sort().join(),
  );
  const volumes = await docker('volume', 'ls', ...own, '--format', '{{.Name}} {{.Driver}}');
  const networks = await docker('network', 'ls', ...own, '--format', '{{.Name}} {{.Driver}}');
  const hasApp = containers.includes('dkkit-app running');
  const mark = hasApp ? await docker('exec', 'dkkit-app', 'cat', '/data/mark').catch(() => null) : null;
  return { containers: containers.split('\n').sort(), volumes, networks, mark };
}

const tested = {
  workflow: fileURLToPath(new URL('../fixtures/workflows/containers.ts', import.meta.url)),
  input: { image: PROBE_IMAGE, other: OTHER },
  runtime: 'docker' as const,
  observe,
};

test('the workflow has every step runner of Docker that makes and undoes something', () => {
  const text = readFileSync(tested.workflow, 'utf8');
  const missing = Object.entries(steps).filter(([name, exported]) => {
    const behaviour = runnerOf(exported)?.behaviour;
    return behaviour?.type === 'change' && behaviour.kept === null && !text.includes(`src: '${name}'`);
  });
  expect(missing.map(([name]) => name)).toEqual([]);
});

// Hundreds of processes: by `npm run crash-matrix`.
if (EVERY_POINT)
  describeDocker('a workflow with every change of Docker', () => {
    beforeAll(() => docker('run', '--detach', '--name', OTHER, PROBE_IMAGE, 'sleep', '6000'));
    afterAll(() => docker('rm', '--force', OTHER));

    test('is taken back, whichever step or request fails', async () => {
      expect(await failEachStep(tested)).toEqual(STEPS);
      expect((await failEachTouch(tested)).length).toBeGreaterThan(5);
    });

    test('survives kills everywhere, also of its rollback', async () => {
      expect((await killEverywhere(tested)).length).toBeGreaterThan(20);
      expect((await undoTwice(tested)).length).toBeGreaterThan(5);
    });

    test('leaves a volume, a published port and a network of somebody else alone', async () => {
      const guest = ['--name', 'dkkit-guest', '--publish', '127.0.0.1:48085:80', PROBE_IMAGE, 'sleep', '600'];
      await foreignInTheWay(tested, {
        port: { put: () => docker('run', '--detach', ...guest), remove: () => docker('rm', '--force', 'dkkit-guest') },
        volume: {
          put: () => docker('volume', 'create', 'dkkit-data'),
          remove: () => docker('volume', 'rm', 'dkkit-data'),
        },
        network: {
          put: () => docker('network', 'create', 'dkkit-net'),
          remove: () => docker('network', 'rm', 'dkkit-net'),
        },
      });
    });

    test('survives a second run at its side', async () => {
      await runTwiceSideBySide(tested);
    });
  });
