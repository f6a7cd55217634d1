import { describeCrash, EVERY_POINT } from '../support/crash/crash-tests.ts';
import { containersOnDocker, labOnDocker, scaleOnDocker } from '../support/kit/container-cases.ts';
import { testCases } from '../support/kit/pass-the-kit.ts';

describeCrash('step runners for Docker, and the labs on Docker', () => {
  const cases = {
    'containers, Docker': containersOnDocker,
    ...(EVERY_POINT ? { 'lab-network, Docker': labOnDocker, 'lab-scale, Docker': scaleOnDocker } : {}),
  };
  testCases(cases, { sideBySide: false, share: 7 });
});
