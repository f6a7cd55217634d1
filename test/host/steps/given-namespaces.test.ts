import { expect, onTestFinished, test } from 'vitest';
import type { CommandPort } from '../../../src/engine/ports/command.ts';
import { readSection } from '../../../src/fingerprint/differences/shape.ts';
import { readMachineSettings } from '../../../src/fingerprint/sections/settings/host-settings.ts';
import { settingsThrough } from '../../../src/fingerprint/sections/settings/namespace-settings.ts';
import { findGivenNamespace, openedNamespace } from '../../../src/host/namespaces/given-namespace.ts';
import { isInFirstPidNamespace } from '../../../src/host/processes/process.ts';
import { machinePorts } from '../../../src/runtime/machine-ports.ts';
import { tool } from '../../support/host/host-state.ts';
import { describeOwnNetwork } from '../../support/host/own-network.ts';

describeOwnNetwork('a network namespace that is the host of a run', () => {
  async function named(name: string) {
    await tool('ip', 'netns', 'add', name);
    onTestFinished(async () => void (await tool('ip', 'netns', 'delete', name)));
    const path = `/run/netns/${name}`;
    return { path, opened: openedNamespace(path) };
  }

  test('is not the one that has its name later, even with its inode', async () => {
    const given = await named(`wf-given-${process.pid}`);
    expect(findGivenNamespace(given)).toMatchObject({ path: given.path, inode: given.opened.inode });
    await tool('ip', 'netns', 'delete', `wf-given-${process.pid}`);
    const gone = isInFirstPidNamespace() ? 'E_NAMESPACE_GONE' : 'E_HOST_STATE_UNKNOWN';
    expect(() => findGivenNamespace(given)).toThrow(expect.objectContaining({ code: gone }));
    await tool('ip', 'netns', 'add', `wf-given-${process.pid}`);
    // The kernel may give it the same inode.
    const codes = expect.stringMatching(/^E_(NAMESPACE_GONE|WRONG_PLACE)$/);
    expect(() => findGivenNamespace(given)).toThrow(expect.objectContaining({ code: codes }));
    const earlier = { ...given.opened, bootId: 'earlier' };
    expect(findGivenNamespace({ ...given, opened: earlier }), 'after a restart of the machine').toBeDefined();
  });

  test('has its own settings, which wf reads like those of its own namespace', async () => {
    const { command } = machinePorts({}, '/nowhere/wf.db');
    const [own, through] = await Promise.all([readMachineSettings(), settingsThrough(command)()]);
    expect(through).toEqual({ ...own, namespaces: readSection([]) });
    expect(Object.keys(through.sysctls.entries)).toContain('sysctl net.ipv4.conf.lo.forwarding');
    const given = await named(`wf-set-${process.pid}`);
    await tool('ip', '-n', `wf-set-${process.pid}`, 'link', 'add', 'name', 'set0', 'type', 'bridge');
    const inside: CommandPort = {
      run: (argv, options) => command.run(argv, { ...options, namespace: findGivenNamespace(given) }),
    };
    const { sysctls } = await settingsThrough(inside)();
    expect(Object.keys(sysctls.entries)).toContain('sysctl net.ipv4.conf.set0.forwarding');
  });

  test('is another place if its name leads elsewhere while it lives', async () => {
    const given = await named(`wf-lives-${process.pid}`);
    const opened = openedNamespace('/proc/self/ns/net');
    expect(() => findGivenNamespace({ ...given, opened })).toThrow(expect.objectContaining({ code: 'E_WRONG_PLACE' }));
    const nowhere = { path: '/run/netns/nowhere', opened };
    expect(() => findGivenNamespace(nowhere)).toThrow(expect.objectContaining({ code: 'E_HOST_STATE_UNKNOWN' }));
  });
});
