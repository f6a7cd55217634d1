import { execa } from 'execa';
import { z } from 'zod';
import { askEngine } from '../engines/engine-api.ts';

/** Runs a program on the observed host, and returns its output. */
export type Tool = (file: string, ...args: readonly string[]) => Promise<string>;

/** The parts of a network namespace that a run must leave unchanged, according to the tools of the kernel. */
export interface NetworkState {
  readonly links: unknown;
  readonly addresses: unknown;
  readonly routes: unknown;
  readonly rules: readonly string[];
}

/** The same of a host with Docker. */
export interface HostState extends NetworkState {
  readonly containers: readonly string[];
  readonly networks: readonly string[];
}

const containersSchema = z.array(
  z.object({ Id: z.string(), Names: z.array(z.string()), Image: z.string(), State: z.string() }),
);
const networksSchema = z.array(z.object({ Id: z.string(), Name: z.string(), Driver: z.string() }));

/** Reads it, with no code of wf. */
export async function hostState(at: Tool = tool, dockerHost?: string): Promise<HostState> {
  const [network, containers, networks] = await Promise.all([
    networkState(at),
    askEngine('/containers/json?all=1', dockerHost).then((answer) => containersSchema.parse(answer)),
    askEngine('/networks', dockerHost).then((answer) => networksSchema.parse(answer)),
  ]);
  return {
    ...network,
    containers: containers
      .map(({ Id, Names, Image, State }) => `${Id} ${Names.map((name) => name.slice(1))} ${Image} ${State}`)
      .sort(),
    networks: networks.map(({ Id, Name, Driver }) => `${Id} ${Name} ${Driver}`).sort(),
  };
}

/** Prints three lines of JSON, and the rules. */
const READ_NETWORK = 'ip -json link && ip -json address && ip -json route show table all && iptables-save';

/** Reads it, with no code of wf. */
export async function networkState(at: Tool = tool): Promise<NetworkState> {
  const [links = '', addresses = '', routes = '', ...rules] = linesOf(await at('sh', '-c', READ_NETWORK));
  return {
    links: settled(links),
    addresses: settled(addresses),
    routes: settled(routes),
    // Without dates and packet counters: the rules and policies remain, in order.
    rules: rules.flatMap((line) => (line.startsWith('#') ? [] : [line.replace(/ ?\[\d+:\d+\]/, '')])),
  };
}

/**
 * The parsed output of `ip -json ...`, without the delayed effects of the first or the last port of a bridge: the carrier, and
 * with it the link-local address.
 */
function settled(output: string): unknown {
  return JSON.parse(output, (key, value: unknown) => {
    if (key === 'operstate' || key === 'tentative') return undefined;
    return Array.isArray(value) ? value.filter((item) => !CARRIER_FLAGS.includes(item) && !isLinkLocal(item)) : value;
  });
}

const CARRIER_FLAGS: readonly unknown[] = ['NO-CARRIER', 'LOWER_UP', 'linkdown'];

/** An address, or a route to one, that comes and goes with the carrier. */
function isLinkLocal(item: unknown): boolean {
  const { local, dst } = linkLocalSchema.safeParse(item).data ?? {};
  return [local, dst].some((address) => address !== undefined && /^(fe80:|ff00:)/.test(address));
}

const linkLocalSchema = z.looseObject({ local: z.string().optional(), dst: z.string().optional() });

/** Runs a program, and returns its output. Throws if it fails. */
export async function tool(file: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execa(file, args);
  return stdout;
}

const linkSchema = z.looseObject({
  ifindex: z.number(),
  ifname: z.string(),
  mtu: z.number(),
  operstate: z.string(),
  flags: z.array(z.string()),
  master: z.string().optional(),
  ifalias: z.string().optional(),
  link_index: z.number().optional(),
  /** The id of the namespace of the other end; undefined if that is this one. */
  link_netnsid: z.number().optional(),
  addr_info: z.array(z.looseObject({ family: z.string(), local: z.string(), prefixlen: z.number() })).default([]),
});
export type SeenLink = z.infer<typeof linkSchema>;

/** The links, with their addresses, of the network namespace of this pid, or of the tests if there is no pid. */
export async function linksOf(pid?: number): Promise<ReadonlyMap<string, SeenLink>> {
  const links = z.array(linkSchema).parse(JSON.parse(await inside(pid, 'ip', '-json', '-details', 'address', 'show')));
  return new Map(links.map((link) => [link.ifname, link]));
}

const routeSchema = z.looseObject({
  dst: z.string(),
  gateway: z.string().optional(),
  dev: z.string(),
  protocol: z.string().optional(),
  metric: z.number().optional(),
});
export type SeenRoute = z.infer<typeof routeSchema>;

/** The default routes of the network namespace with this pid in it, the preferred one first. */
export async function defaultRoutesOf(pid: number): Promise<readonly SeenRoute[]> {
  // -N: protocols as numbers, whatever /etc/iproute2/rt_protos calls them.
  const routes = z
    .array(routeSchema)
    .parse(JSON.parse(await inside(pid, 'ip', '-json', '-N', 'route', 'show', 'default')));
  return routes.toSorted((a, b) => (a.metric ?? 0) - (b.metric ?? 0));
}

/** Runs a program in the network namespace of this pid. */
export function inside(pid: number | undefined, file: string, ...args: readonly string[]): Promise<string> {
  return pid === undefined ? tool(file, ...args) : tool('nsenter', `--net=/proc/${pid}/ns/net`, file, ...args);
}

/** Pid of a container's first process. */
export async function pidOf(container: string): Promise<number> {
  return Number(await tool('docker', 'inspect', '--format', '{{.State.Pid}}', container));
}

/** The body that a web server returns to a client in the network namespace of this pid, without its last newline. */
export function fetchInside(pid: number | undefined, url: string): Promise<string> {
  return inside(pid, 'curl', '--silent', '--show-error', url);
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
