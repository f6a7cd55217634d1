import { execa } from 'execa';
import { createBridge, createNamespaceHost, onHost } from '../../../src/fleet/demo/namespace-host.ts';
import { createCommandPort } from '../../../src/host/commands/command.ts';
import { execaStarter } from '../../../src/host/commands/start-command.ts';
import { systemClock } from '../../../src/host/machine/clock.ts';
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

const command = createCommandPort(systemClock, execaStarter);
const names = new Set<string>();
/** Names are unique in this process: a namespace may outlive its file for a moment. */
let created = 0;
let bridged: Promise<void> | undefined;
atEndOfFile(async () => {
  bridged = undefined;
  for (const name of names) {
    // A process that is still in the namespace keeps its links.
    await execa('ip', ['link', 'delete', name], { reject: false });
    await execa('ip', ['netns', 'delete', name], { reject: false });
  }
  await execa('ip', ['link', 'delete', bridgeName()], { reject: false });
  names.clear();
});

/** Concurrent test files have separate processes. */
const bridgeName = () => `fleet${process.pid}`;
const addressOf = (host: number) => `10.${100 + (process.pid % 100)}.${Math.floor(host / 250)}.${(host % 250) + 1}`;

/** Opens the network, which is removed after the last test of the file. */
export async function openFleetNetwork(): Promise<FleetNetwork> {
  if (!HAS_NETWORK) return LOOPBACK;
  const bridge = bridgeName();
  bridged ??= createBridge(command, bridge, [`${addressOf(0)}/16`]);
  await bridged;
  return {
    address: addressOf(0),
    host() {
      created += 1;
      const [name, address] = [`h${process.pid}-${created}`, `${addressOf(created)}/16`];
      let ready: Promise<void> | undefined;
      const set = async (state: 'up' | 'down') => void (await execa('ip', ['link', 'set', name, state]));
      return {
        async enter() {
          names.add(name);
          ready ??= createNamespaceHost(command, { name, address, bridge });
          await ready;
          return onHost(name);
        },
        cut: () => set('down'),
        repair: () => set('up'),
      };
    },
  };
}
