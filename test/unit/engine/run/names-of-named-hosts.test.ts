import { expect, test } from 'vitest';
import { namedHostsSchema } from '../../../../src/engine/model/named-host.ts';
import { namesToClaim } from '../../../../src/engine/run/preflight.ts';
import { NO_SECRETS } from '../../../../src/engine/secrets/secrets.ts';
import { requiredOn } from '../../../../src/engine/workflow/on-host.ts';
import type { Requirement } from '../../../../src/engine/workflow/requirement.ts';
import { hostsFrom } from '../../../../src/steps/host/hosts-input.ts';

const network: Requirement = {
  ...{ title: 'network name devops', purpose: 'creating a network', claim: 'network devops' },
  check: async () => ({ met: true, found: 'free' }),
};

test('a run claims a name once for each namespace, and none on an engine of its own', () => {
  const names = ['alpha', 'beta', 'gamma', 'delta'];
  const engines = 'unix:///a@/run/netns/a,unix:///b@/run/netns/b,unix:///c,unix:///d';
  const hosts = { ...hostsFrom(names, engines), own: { engine: 'private' } };
  const requirements = [...names, 'own'].flatMap((name) => requiredOn(name, [network]));
  const { wanted } = namesToClaim({ scope: 'netns:1' }, [network, ...requirements], hosts, NO_SECRETS);
  expect(wanted).toEqual(['network devops', 'network devops in /run/netns/a', 'network devops in /run/netns/b']);
});

test('only engines of this machine, and absolute paths, are hosts', () => {
  const isHost = (host: unknown) => namedHostsSchema().safeParse({ alpha: host }).success;
  const engine = 'unix:///run/a.sock';
  expect([{}, { engine }, { engine, namespace: '/run/netns/a' }, { engine: 'private' }].map(isHost)).not.toContain(
    false,
  );
  const others = ['tcp://10.0.0.1:2375', 'unix://a.sock', 'ssh://host', 'unix:///run/../a.sock', 'unix:///', 'other'];
  expect(others.map((other) => isHost({ engine: other }))).not.toContain(true);
  expect(['a', '/run/./a', '', '/'].map((namespace) => isHost({ engine, namespace }))).not.toContain(true);
  expect([{ namespace: '/run/netns/a' }, { engine: 'private', namespace: '/run/netns/a' }].map(isHost)).not.toContain(
    true,
  );
  for (const text of ['publc', 'unix:///a', 'unix:///a,unix:///b,unix:///c', 'unix:///a,tcp://b'])
    expect(() => hostsFrom(['alpha', 'beta'], text), text).toThrow('does not name an engine for each host');
});
