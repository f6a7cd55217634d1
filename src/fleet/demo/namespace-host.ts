import type { CommandPort, NamespaceRef } from '../../engine/ports/command.ts';
import { runChecked } from '../../host/commands/checked-command.ts';
import { findTool } from '../../host/commands/find-tool.ts';
import { cidrOf, readLinks } from '../../host/ip/link.ts';
import { NAMED_NAMESPACES } from '../../host/namespaces/namespace.ts';

const LIMITS = { timeoutMs: 20_000 } as const;
/** The link of a host. */
const UPLINK = 'eth0';

/** Creates a bridge with these addresses, such as `10.77.0.1/24`. */
export async function createBridge(command: CommandPort, name: string, addresses: readonly string[]): Promise<void> {
  await batch(command, [
    'link set lo up',
    `link add ${name} type bridge`,
    ...addresses.map((address) => `address add ${address} dev ${name}`),
    `link set ${name} up`,
  ]);
}

/** A host in a network namespace of its own, linked to a bridge. */
export interface NamespaceHost {
  /** The name of its namespace, and of its link on the bridge. */
  readonly name: string;
  /** Such as `10.77.0.11/24`. */
  readonly address: string;
  readonly bridge: string;
}

/** Creates a host, which drops all connections to it, as a strict firewall does. */
export async function createNamespaceHost(command: CommandPort, host: NamespaceHost): Promise<void> {
  const { name, address, bridge } = host;
  await batch(command, [
    `netns add ${name}`,
    `link add ${name} type veth peer name ${UPLINK} netns ${name}`,
    `link set ${name} master ${bridge} up`,
  ]);
  await batch(command, ['link set lo up', `address add ${address} dev ${UPLINK}`, `link set ${UPLINK} up`], name);
  await dropConnections(command, namespaceOf(name));
}

/** Returns the tool that drops connections; undefined if this machine has none. */
function firewallTool(): 'nft' | 'iptables' | undefined {
  return (['nft', 'iptables'] as const).find((tool) => findTool(tool) !== undefined);
}

/** Without a firewall tool, connections are refused: nothing listens on a host. */
async function dropConnections(command: CommandPort, namespace: NamespaceRef): Promise<void> {
  switch (firewallTool()) {
    case 'nft':
      await runChecked(command, ['nft', '-f', '-'], { ...LIMITS, namespace, stdin: DROP_TABLE });
      break;
    case 'iptables': {
      const rule = ['-A', 'INPUT', '-i', UPLINK, '-p', 'tcp', '--syn', '-j', 'DROP'];
      await runChecked(command, ['iptables', ...rule], { ...LIMITS, namespace });
    }
  }
}

/** A connection begins with a packet that has SYN and no ACK. */
const DROP_TABLE = `table inet no-connections {
  chain input {
    type filter hook input priority filter;
    iifname "${UPLINK}" tcp flags & (syn | ack) == syn counter drop
  }
}
`;

/** Makes an address unreachable from a host. */
export async function dropPacketsTo(command: CommandPort, host: string, address: string): Promise<void> {
  await batch(command, [`route add unreachable ${address}`], host);
}

/** Returns the links of a host with their addresses, such as `eth0 10.77.0.11/24`. */
export async function linksOfHost(command: CommandPort, host: string): Promise<readonly string[]> {
  const links = await readLinks(command, namespaceOf(host));
  return links
    .filter(({ name }) => name !== 'lo')
    .map(({ name, addresses }) => [name, ...addresses.filter(({ scope }) => scope === 'global').map(cidrOf)].join(' '));
}

/** Returns the beginning of a command line that runs a program on a host. */
export const onHost = (host: string) => ['nsenter', `--net=${NAMED_NAMESPACES}/${host}`, '--'] as const;

const namespaceOf = (host: string): NamespaceRef => ({
  path: `${NAMED_NAMESPACES}/${host}`,
  inode: null,
  process: null,
});

async function batch(command: CommandPort, lines: readonly string[], host?: string): Promise<void> {
  const namespace = host === undefined ? {} : { namespace: namespaceOf(host) };
  await runChecked(command, ['ip', '-batch', '-'], { ...LIMITS, ...namespace, stdin: `${lines.join('\n')}\n` });
}
