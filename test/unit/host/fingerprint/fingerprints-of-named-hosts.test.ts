import { expect, test } from 'vitest';
import type { Change } from '../../../../src/engine/model/change.ts';
import { asStepId } from '../../../../src/engine/model/ids.ts';
import type { FingerprintPort } from '../../../../src/engine/ports/fingerprint.ts';
import { compareFingerprints } from '../../../../src/fingerprint/differences/compare-fingerprints.ts';
import {
  asFingerprint,
  DOCKER_LEFT_OUT,
  FIREWALL_LEFT_OUT,
  NETWORK_LEFT_OUT,
  readSection,
} from '../../../../src/fingerprint/differences/shape.ts';
import { withNamedHosts } from '../../../../src/fingerprint/named-hosts.ts';
import { comparedRun } from '../../../support/in-process/compared-run.ts';

/** A host whose links are those of the list when its fingerprint is taken. */
function hostWith(links: readonly string[]): FingerprintPort {
  const attributes = { kind: 'bridge', master: null, alias: null };
  const take = async () => {
    const section = readSection(links.map((name) => [`link ${name}`, attributes]));
    return asFingerprint({ ...NETWORK_LEFT_OUT, ...FIREWALL_LEFT_OUT, ...DOCKER_LEFT_OUT, links: section }, null);
  };
  return { take, takeLike: take, compare: compareFingerprints };
}

const madeOn = (host: string): Change => ({
  ...{ seq: 1, step: asStepId('s'), kind: 'net.link', target: `${host}: link br0`, record: { name: 'br0' } },
  ...{ undo: [], status: 'reverted', reason: null, bootId: 'b', host },
});

test('each host is compared with its own changes, and names its differences', async () => {
  const links = { own: [''], alpha: [''], beta: [''] };
  const port = withNamedHosts(hostWith(links.own), () => ({
    alpha: hostWith(links.alpha),
    beta: hostWith(links.beta),
  }));
  const before = await port.take(['network']);
  for (const one of Object.values(links)) one.push('br0');
  const after = await port.takeLike(before, false);
  const { differences } = port.compare(before, after, comparedRun('mine', [madeOn('alpha')]));
  expect(differences.map(({ subject, owner }) => [subject, owner])).toEqual([
    ['link br0', 'other'],
    ['alpha: link br0', 'run'],
    ['beta: link br0', 'other'],
  ]);
});

test('the network of a host that shares it with the own one is compared with the changes of both', async () => {
  const links: string[] = [];
  const port = withNamedHosts(
    hostWith(links),
    () => ({}),
    (name) => name === 'alpha',
  );
  const before = await port.take(['network']);
  links.push('br0');
  const after = await port.takeLike(before, false);
  const ownerWith = (host: string) =>
    port.compare(before, after, comparedRun('mine', [madeOn(host)])).differences.map(({ owner }) => owner);
  expect([ownerWith('alpha'), ownerWith('beta')]).toEqual([['run'], ['other']]);
});

test('a fingerprint without one of the hosts is damaged', async () => {
  const before = await withNamedHosts(hostWith([]), () => ({})).take(['network']);
  const port = withNamedHosts(hostWith([]), () => ({ alpha: hostWith([]) }));
  expect(() => port.compare(before, before, comparedRun('mine', []))).toThrow(/a stored fingerprint cannot be read/);
});
