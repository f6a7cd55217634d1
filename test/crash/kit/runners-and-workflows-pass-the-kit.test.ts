import { vi } from 'vitest';
import { describeCrash } from '../../support/crash/crash-tests.ts';
import { HAS_NFT } from '../../support/host/nft.ts';
import { canBootSystemd } from '../../support/host/systemd.ts';
import { containersEmbedded, labEmbedded, overlayEmbedded, scaleEmbedded } from '../../support/kit/container-cases.ts';
import { testCases } from '../../support/kit/pass-the-kit.ts';
import { commands, files, kernel, network } from '../../support/kit/runner-cases.ts';
import { networkChange, webRelease } from '../../support/kit/shipped-cases.ts';
import { units } from '../../support/kit/units-case.ts';
import { EVERY_CASE } from '../../support/rotation.ts';

vi.setConfig({ maxConcurrency: 3 });

describeCrash('step runners of each family, and workflows that come with wf', () => {
  const cases = {
    ...{ files, commands, network },
    ...(HAS_NFT ? { kernel, 'network-change': networkChange } : {}),
    ...(canBootSystemd() ? { units } : {}),
    ...{ 'web-release': webRelease, 'containers, embedded': containersEmbedded },
    // By default other tests kill the labs.
    ...(EVERY_CASE
      ? {
          'lab-network, embedded': labEmbedded,
          'lab-scale, embedded': scaleEmbedded,
          ...(HAS_NFT ? { 'lab-overlay, embedded': overlayEmbedded } : {}),
        }
      : {}),
  };
  testCases(cases, { sideBySide: true, share: 27 });
});
