import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Argv } from '../../../src/engine/ports/command.ts';
import { hostState } from '../../../src/testing/index.ts';
import { type OpenCase, scratch, settled } from './open-case.ts';
import { openPlace } from './place.ts';

export async function networkChange(): Promise<OpenCase> {
  const place = await openPlace();
  const boot = () => {
    place.ip('link delete lan0', 'link add lan0 address 02:00:00:00:00:aa type bridge');
    place.ip(
      'link set lan0 addrgenmode none up',
      'address add 192.0.2.2/24 dev lan0',
      'route add default via 192.0.2.1',
    );
    place.run(['tee', '/proc/sys/net/ipv4/ip_forward'], '0');
    place.run(['nft', 'flush', 'ruleset']);
  };
  boot();
  const at = (...argv: string[]): Argv => [...place.through, ...argv];
  const read = (...argv: string[]) => settled(place.run(['ip', '-json', '-details', ...argv, 'show']));
  return {
    tested: {
      workflow: 'network-change',
      input: {
        ...{ link: 'lan0', addresses: ['198.51.100.2/24', '198.51.100.3/24'], oldAddresses: ['192.0.2.2/24'] },
        ...{ gateway: '198.51.100.1', routes: ['default', '203.0.113.0/24'], ping: '198.51.100.2' },
        ...{ settings: { 'net.ipv4.ip_forward': 1 }, sshFrom: '198.51.100.0/24' },
      },
      through: place.through,
      observe: hostState({
        also: () => [read('address'), read('route')],
        commands: [at('nft', '--stateless', 'list', 'ruleset'), at('cat', '/proc/sys/net/ipv4/ip_forward')],
      }),
    },
    foreign: {
      'the new address on another link': {
        put: () => place.ip('link add far0 type bridge', 'address add 198.51.100.2/32 dev far0'),
        remove: () => place.ip('link delete far0'),
      },
      'a table of the name': {
        put: () => place.run(['nft', 'add', 'table', 'inet', 'ssh-lan0']),
        remove: () => place.run(['nft', 'delete', 'table', 'inet', 'ssh-lan0']),
      },
    },
    reboot: boot,
    close: () => place.close(),
  };
}

export async function webRelease(): Promise<OpenCase> {
  const folder = scratch();
  const root = path.join(folder, 'site');
  const put = () => {
    mkdirSync(path.join(root, 'releases/1'), { recursive: true });
    writeFileSync(path.join(root, 'releases/1/index.html'), 'mine');
    writeFileSync(path.join(root, 'current'), 'no link');
  };
  return {
    tested: {
      workflow: 'web-release',
      input: { root, version: '1', approve: false },
      observe: hostState({ files: [root] }),
    },
    foreign: { 'a site': { put, remove: () => rmSync(root, { recursive: true }) } },
    reboot: () => {},
    close: () => rmSync(folder, { recursive: true }),
  };
}
