import { expect, test } from 'vitest';
import { describeContract } from '../support/in-process/contract-tests.ts';

describeContract('engines', (subject) => {
  test('report their version and a stable id', async () => {
    const { docker } = subject().host.ports;
    const info = await docker.info();
    const id = await docker.engineId();
    expect(id).toContain(info.id);
    expect(await docker.engineId()).toBe(id);
    expect(info).toMatchObject({ rootless: false });
    for (const text of [info.id, info.version, info.operatingSystem, info.endpoint]) expect(text).not.toBe('');
    expect(docker.hasEnded(id)).toBe(false);
  });

  test('have a host whose namespace is stable', () => {
    const { namespace } = subject().host.ports;
    const own = namespace.own();
    expect(own.inode).toBeGreaterThan(0);
    expect(namespace.own()).toEqual(own);
  });
});
