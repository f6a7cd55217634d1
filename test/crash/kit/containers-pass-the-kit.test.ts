import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runnerOf } from '../../../src/engine/workflow/define-step.ts';
import * as steps from '../../../src/steps/docker/index.ts';
import { describeCrash } from '../../support/crash/crash-tests.ts';
import { HAS_NFT } from '../../support/host/nft.ts';
import { containersOnDocker, labOnDocker, overlayOnDocker, scaleOnDocker } from '../../support/kit/container-cases.ts';
import { fixture } from '../../support/kit/open-case.ts';
import { testCases } from '../../support/kit/pass-the-kit.ts';
import { swarmOnGivenEngines } from '../../support/kit/swarm-case.ts';
import { EVERY_CASE } from '../../support/rotation.ts';

test('the workflows have every step runner of Docker that makes and undoes something', () => {
  const text = ['containers', 'swarm'].map((name) => readFileSync(fixture(name), 'utf8')).join('\n');
  const missing = Object.entries(steps).filter(([name, exported]) => {
    const behaviour = runnerOf(exported)?.behaviour;
    return (
      behaviour?.type === 'change' && behaviour.kept === null && !new RegExp(`src: '(?:\\w+\\.)?${name}'`).test(text)
    );
  });
  expect(missing.map(([name]) => name)).toEqual([]);
});

describeCrash('step runners for Docker, and the labs on Docker', () => {
  const cases = {
    'containers, Docker': containersOnDocker,
    ...(EVERY_CASE
      ? {
          'swarm, Docker': swarmOnGivenEngines,
          'lab-network, Docker': labOnDocker,
          'lab-scale, Docker': scaleOnDocker,
          ...(HAS_NFT ? { 'lab-overlay, Docker': overlayOnDocker } : {}),
        }
      : {}),
  };
  testCases(cases, { sideBySide: false, share: 7 });
});
