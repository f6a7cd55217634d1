import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Argv } from '../../../src/engine/ports/command.ts';
import { type Foreign, hostState } from '../../../src/testing/index.ts';
import { fixture, type OpenCase, scratch, settled } from './open-case.ts';
import { openPlace } from './place.ts';

export async function files(): Promise<OpenCase> {
  const root = scratch();
  for (const [name, text] of Object.entries({ old: 'old\n', kept: 'kept\n', conf: 'debug=0\nother=1\n' })) {
    writeFileSync(path.join(root, name), text, { mode: 0o640 });
  }
  const inTheWay = (name: string, put: (file: string) => void): Foreign => {
    const file = path.join(root, name);
    return { put: () => put(file), remove: () => rmSync(file, { recursive: true }) };
  };
  return {
    tested: { workflow: fixture('files'), input: { root }, observe: hostState({ files: [root] }) },
    foreign: {
      'a file in place of the folder': inTheWay('new', (file) => writeFileSync(file, 'mine')),
      'a folder in place of the link': inTheWay('current', (file) => mkdirSync(file)),
    },
    reboot: () => {},
    close: () => rmSync(root, { recursive: true }),
  };
}

export async function commands(): Promise<OpenCase> {
  const place = await openPlace();
  const folder = scratch();
  const made = path.join(folder, 'made');
  return {
    tested: {
      workflow: fixture('commands'),
      input: { folder },
      through: place.through,
      observe: hostState({ files: [folder] }),
    },
    foreign: {
      'a file in place of the folder': { put: () => writeFileSync(made, ''), remove: () => rmSync(made) },
      'the folder': { put: () => mkdirSync(made), remove: () => rmSync(made, { recursive: true }) },
    },
    reboot: () => {},
    async close() {
      await place.close();
      rmSync(folder, { recursive: true });
    },
  };
}

export async function kernel(): Promise<OpenCase> {
  const place = await openPlace();
  const sysctl = (name: string, value: number) => place.run(['tee', `/proc/sys/net/ipv4/${name}`], String(value));
  /** The state after a start of the machine, with all that is configured there. */
  const boot = () => {
    place.ip('link delete kit0', 'link delete kit1', 'link add kit0 type bridge', 'link add kit1 type bridge');
    place.ip('link set kit0 up', 'link set kit1 up');
    place.run(['tc', 'qdisc', 'replace', 'dev', 'kit1', 'root', 'handle', '5:', 'pfifo', 'limit', '77']);
    sysctl('ip_forward', 0);
    sysctl('conf/kit0/forwarding', 1);
    sysctl('conf/all/log_martians', 0);
    place.run(['iptables', '-F']);
    place.run(['iptables', '-A', 'INPUT', '-i', 'lo', '-j', 'ACCEPT']);
    const theirs = 'table inet theirs {\n chain input {\n type filter hook input priority 0;\n accept\n}\n}';
    place.run(
      ['nft', '-f', '-'],
      `table inet kit\ndelete table inet kit\ntable inet theirs\ndelete table inet theirs\n${theirs}`,
    );
  };
  boot();
  const table = (...words: string[]) => void place.run(['nft', ...words, 'table', 'inet', 'kit']);
  const at = (...argv: string[]): Argv => [...place.through, ...argv];
  return {
    tested: {
      workflow: fixture('kernel'),
      through: place.through,
      observe: hostState({
        commands: [
          at('sysctl', '--all', '--pattern', '^net\\.ipv[46]\\.(ip_forward|conf)'),
          at('nft', '--stateless', 'list', 'ruleset'),
        ],
        // The handle follows from the id of the run.
        also: () => place.run(['tc', 'qdisc', 'show']).replaceAll(/tbf \w+:/g, 'tbf'),
      }),
    },
    foreign: {
      'a table of the name': { put: () => table('add'), remove: () => table('delete') },
      'the setting': { put: () => sysctl('ip_forward', 1), remove: boot },
    },
    reboot: boot,
    close: () => place.close(),
  };
}

export async function network(): Promise<OpenCase> {
  const place = await openPlace();
  const namespace = `kit${process.pid}-${performance.now().toFixed(0)}`;
  const boot = () => {
    spawnSync('ip', ['netns', 'delete', namespace], { stdio: 'ignore' });
    place.ip('link delete kitb', 'link delete kith', 'link delete theirs', 'rule delete priority 700');
    place.ip(
      'link add theirs address 02:00:00:00:00:aa type veth peer name others address 02:00:00:00:00:ab',
      ...['theirs', 'others'].map((name) => `link set ${name} addrgenmode none up`),
      'address add 10.7.0.2/24 dev theirs',
      'route add default via 10.7.0.1',
    );
  };
  boot();
  const netns = (verb: string) => execFileSync('ip', ['netns', verb, namespace]);
  const read = (argv: Argv) => settled(place.run(argv));
  const bridges = () => place.run(['bridge', 'fdb', 'show']);
  return {
    tested: {
      workflow: fixture('network'),
      input: { namespace },
      through: place.through,
      observe: hostState({
        also: () => [
          // Only the configured entries: the kernel adds others as the carrier comes.
          bridges().match(/^02:00:00:00:00:77 .*/gm),
          read(['ip', '-json', '-details', 'address', 'show']),
          read(['ip', '-json', 'route', 'show', 'table', 'all']),
          read(['ip', '-json', 'rule', 'show']),
          ...['address', 'route'].map((object) => {
            const argv = ['-netns', namespace, '-json', '-details', object, 'show'];
            return settled(spawnSync('ip', argv, { encoding: 'utf8' }).stdout);
          }),
        ],
      }),
    },
    foreign: {
      'a link of the name': {
        put: () => place.ip('link add kitb type bridge'),
        remove: () => place.ip('link delete kitb'),
      },
      'a namespace of the name': { put: () => netns('add'), remove: () => netns('delete') },
      'a rule of the priority': {
        put: () => place.ip('rule add from 10.1.0.0/16 priority 700 table 7'),
        remove: () => place.ip('rule delete priority 700'),
      },
    },
    reboot: boot,
    async close() {
      spawnSync('ip', ['netns', 'delete', namespace], { stdio: 'ignore' });
      await place.close();
    },
  };
}
