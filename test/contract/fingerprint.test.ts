import { expect, test } from 'vitest';
import { FACETS } from '../../src/engine/workflow/facets.ts';
import { comparedRun } from '../support/compared-run.ts';
import { addressOf } from '../support/contract-subject.ts';
import { describeContract } from '../support/contract-tests.ts';

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
    const told = JSON.stringify(differences);
    for (const name of ['ct-net', 'ct-one', 'ct-two', 'ct-left', `br-${network.id.slice(0, 12)}`])
      expect(told).toContain(name);

    await subject().cleanUp();
    await ports.command.run(['ip', 'link', 'delete', 'ct-left'], { timeoutMs: 10_000 });
    const after = await fingerprints.take(FACETS);
    expect(fingerprints.compare(before, after, run).differences).toEqual([]);
    expect(after).toEqual(before);
  });
});
