import { expect, test } from 'vitest';
import { FACETS } from '../../src/engine/workflow/facets.ts';
import { comparedRun } from '../support/in-process/compared-run.ts';
import { addressOf } from '../support/in-process/contract-subject.ts';
import { describeContract } from '../support/in-process/contract-tests.ts';

describeContract('fingerprint', (subject) => {
  test('reports every new object, and is unchanged once they are removed', async () => {
    const { fingerprints, ports } = subject().host;
    const run = comparedRun('contract');
    const before = await fingerprints.take(FACETS);
    const network = await subject().network('ct-net');
    const one = await subject().container('ct-one', network);
    const two = await subject().container('ct-two', network);
    expect(subject().fetch(one, addressOf(two))).toBe('ct-two');
    const made = await ports.command.run(['ip', 'link', 'add', 'ct-left', 'type', 'bridge'], { timeoutMs: 10_000 });
    expect(made.stderr).toBe('');

    const differences = fingerprints.compare(before, await fingerprints.take(FACETS), run).differences;
    const text = JSON.stringify(differences);
    for (const name of ['ct-net', 'ct-one', 'ct-two', 'ct-left', `br-${network.id.slice(0, 12)}`])
      expect(text).toContain(name);

    await subject().cleanUp();
    await ports.command.run(['ip', 'link', 'delete', 'ct-left'], { timeoutMs: 10_000 });
    const after = await fingerprints.take(FACETS);
    expect(fingerprints.compare(before, after, run).differences).toEqual([]);
    expect(after).toEqual(before);
  });

  test('reports a rule of iptables-legacy on a private host, though the machine has none', async () => {
    // On an engine, the first such rule would create tables that stay.
    if (subject().runtime === 'docker') return;
    const { fingerprints, ports } = subject().host;
    const rule = (verb: string) =>
      ports.command.run(['iptables-legacy', verb, 'INPUT', '-s', '10.9.9.9', '-j', 'DROP'], { timeoutMs: 10_000 });
    const before = await fingerprints.take(['firewall']);
    expect((await rule('-A')).stderr).toBe('');
    const { differences } = fingerprints.compare(
      before,
      await fingerprints.take(['firewall']),
      comparedRun('contract'),
    );
    expect(differences.map(({ subject }) => subject)).toEqual([
      'iptables ipv4 filter INPUT rule -s 10.9.9.9/32 -j DROP',
    ]);
    await rule('-D');
    expect(await fingerprints.take(['firewall'])).toEqual(before);
  });
});
