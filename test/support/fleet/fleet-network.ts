import { execa } from 'execa';
import type { CommandPort } from '../../../src/engine/ports/command.ts';
import { createBridge, createNamespaceHost, onHost } from '../../../src/fleet/demo/namespace-host.ts';
import { createCommandPort } from '../../../src/host/commands/command.ts';
import { execaStarter } from '../../../src/host/commands/start-command.ts';
import { systemClock } from '../../../src/host/machine/clock.ts';
import { NAMED_NAMESPACES } from '../../../src/host/namespaces/namespace.ts';
import { atEndOfFile } from '../host/file-folder.ts';

/** Whether hosts are network namespaces; as an ordinary user, all are on the loopback of this machine. */
export const HAS_NETWORK = process.getuid?.() === 0;

/** A network with Restate on one side, and on the other hosts that drop all connections to them. */
export interface FleetNetwork {
  /** The address for Restate. */
  readonly address: string;
  host(): NetworkHost;
}

export interface NetworkHost {
  /** Resolves to the prefix of a command that runs on the host. */
  enter(): Promise<readonly string[]>;
  /** Cuts the host off, as a pulled cable does, and reconnects it. */
  cut(): Promise<void>;
  repair(): Promise<void>;
}

const nowhere = async () => {
  throw new Error('only root cuts hosts off');
};
/** Hosts on the loopback of this machine. */
export const LOOPBACK: FleetNetwork = {
  address: '127.0.0.1',
  host: () => ({ enter: async () => [], cut: nowhere, repair: nowhere }),
};

/**
 * The namespace of the switch, and the link from the machine to it. Concurrent test files have separate processes. The links of the hosts
 * come and go in that namespace: Chromium aborts its requests at every change of the links in its own.
 */
const SWITCH = `fleet${process.pid}`;
const BRIDGE = 'bridge';
const machine = createCommandPort(systemClock, execaStarter);
const namespace = { path: `${NAMED_NAMESPACES}/${SWITCH}`, inode: null, process: null };
/** Runs commands in the namespace of the switch. */
const onSwitch: CommandPort = { run: (argv, options) => machine.run(argv, { namespace, ...options }) };

const names = new Set<string>();
/** Names are unique in this process: a namespace may outlive its file for a moment. */
let created = 0;
let connected: Promise<void> | undefined;
atEndOfFile(async () => {
  if (connected === undefined) return;
  connected = undefined;
  for (const name of names) {
    // A process that is still in the namespace keeps its links.
    await execa('ip', ['-n', SWITCH, 'link', 'delete', name], { reject: false });
    await execa('ip', ['netns', 'delete', name], { reject: false });
  }
  await execa('ip', ['link', 'delete', SWITCH], { reject: false });
  await execa('ip', ['netns', 'delete', SWITCH], { reject: false });
  names.clear();
});

const addressOf = (host: number) => `10.${100 + (process.pid % 100)}.${Math.floor(host / 250)}.${(host % 250) + 1}`;

/** Connects the machine to a bridge in the namespace of the switch. */
async function connectSwitch(): Promise<void> {
  await execa('ip', ['netns', 'add', SWITCH]);
  await createBridge(onSwitch, BRIDGE, []);
  const lines = [
    `link add ${SWITCH} type veth peer name machine netns ${SWITCH}`,
    // A link-local address would appear seconds later.
    `link set ${SWITCH} addrgenmode none`,
    `address add ${addressOf(0)}/16 dev ${SWITCH}`,
    `link set ${SWITCH} up`,
  ];
  await execa('ip', ['-batch', '-'], { input: lines.join('\n') });
  await execa('ip', ['-n', SWITCH, 'link', 'set', 'machine', 'master', BRIDGE, 'up']);
}

/** Opens the network, which is removed after the last test of the file. */
export async function openFleetNetwork(): Promise<FleetNetwork> {
  if (!HAS_NETWORK) return LOOPBACK;
  connected ??= connectSwitch();
  await connected;
  return {
    address: addressOf(0),
    host() {
      created += 1;
      const [name, address] = [`h${process.pid}-${created}`, `${addressOf(created)}/16`];
      let ready: Promise<void> | undefined;
      const set = async (state: 'up' | 'down') => void (await execa('ip', ['-n', SWITCH, 'link', 'set', name, state]));
      return {
        async enter() {
          names.add(name);
          ready ??= createNamespaceHost(onSwitch, { name, address, bridge: BRIDGE });
          await ready;
          return onHost(name);
        },
        cut: () => set('down'),
        repair: () => set('up'),
      };
    },
  };
}
