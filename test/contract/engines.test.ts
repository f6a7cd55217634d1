import { expect, test } from 'vitest';
import { describeContract } from '../support/contract-tests.ts';

describeContract('engines', (subject) => {
  test('it says what it is, and has one id, which no other has', async () => {
    const { docker } = subject().host.ports;
    const info = await docker.info();
    const id = await docker.engineId();
    expect(id).toContain(info.id);
    expect(await docker.engineId()).toBe(id);
    expect(info).toMatchObject({ rootless: false });
    for (const text of [info.id, info.version, info.operatingSystem, info.endpoint]) expect(text).not.toBe('');
    expect(docker.hasEnded(id)).toBe(false);
  });

  test('its host is a namespace that can be told apart', () => {
    const { namespace } = subject().host.ports;
    const own = namespace.own();
    expect(own.inode).toBeGreaterThan(0);
    expect(namespace.own()).toEqual(own);
  });
});
