import { asWfError } from '../engine/model/errors.ts';
import { hasPrivateEngine, type NamedHosts } from '../engine/model/named-host.ts';
import { noSuchHost } from '../engine/place/no-such-host.ts';
import { type Clock, pause } from '../engine/ports/clock.ts';
import type { CommandPort, NamespaceRef } from '../engine/ports/command.ts';
import type { DockerPort, ListedNetwork } from '../engine/ports/docker.ts';
import type { FingerprintPort } from '../engine/ports/fingerprint.ts';
import type { HostNamespacePort } from '../engine/ports/host-namespace.ts';
import type { RunHost } from '../engine/ports/runtime.ts';
import type { HostPorts } from '../engine/workflow/step.ts';
import { createPrivateFingerprints } from '../fingerprint/create-fingerprints.ts';
import { compareFingerprints } from '../fingerprint/differences/compare-fingerprints.ts';
import { readSection } from '../fingerprint/differences/shape.ts';
import { withNamedHosts } from '../fingerprint/named-hosts.ts';
import { createCommandPort } from '../host/commands/command.ts';
import { sharingReads } from '../host/commands/sharing-reads.ts';
import { execaStarter } from '../host/commands/start-command.ts';
import { createFiles } from '../host/files/create-files.ts';
import { ownPlace } from '../host/machine/place.ts';
import { isAlive, ownPidNamespace, ownUserId } from '../host/processes/process.ts';
import { doesNotAnswer, privateHostGone } from './embedded/client/connection.ts';
import { type OpenNamespaceEntry, openNamespaceEntry } from './embedded/client/namespace-entry.ts';
import type { InnerHost, PrivateHost } from './embedded/client/private-host.ts';
import { privateAgent } from './private-agent.ts';

/** Time limit from the end of its connections to its own end: usually microseconds, more on an overloaded machine. */
const ENDS_WITHIN_MS = 5_000;
const POLL_MS = 5;
/** Limit of attempts if somebody kills each private host at its start. */
const MOST_STARTS = 3;

/** The host of a run in a private host, with the fingerprints of each named host. */
export interface PrivateRunHost extends RunHost {
  fingerprintsOf(name: string): FingerprintPort;
}

/** A private host with its open namespaces, and its named hosts that were provided. */
interface Entered {
  readonly host: PrivateHost;
  readonly entry: OpenNamespaceEntry;
  readonly own: Inner;
  readonly named: ReadonlyMap<string, Inner>;
  /** Opens the named hosts that are not open yet, and creates those that do not exist. */
  provide(hosts: NamedHosts): Promise<void>;
}

type Machine = Pick<HostPorts, 'clock' | 'files' | 'docker'>;

/** A host inside a private host. */
interface Inner {
  readonly ports: HostPorts;
  readonly fingerprints: FingerprintPort;
}

/**
 * Adapts a private host to the host of a run.
 * @param found the private host of the run; undefined if it has none
 * @param start creates another one with the same mark, if there is none or once it has ended
 * @param machine the ports of the machine: its clock, its folder of kept files, and its engine, which provides images for private engines
 * @throws WfError E_NAMESPACE_GONE if the found one has ended, or if each new one is killed at its start
 */
export async function privateRunHost(
  found: PrivateHost | undefined,
  start: () => Promise<PrivateHost>,
  machine: Machine,
): Promise<PrivateRunHost> {
  const { clock } = machine;
  const enterOne = (host: PrivateHost) => enter(host, machine);
  let current = found === undefined ? await enterNew(start, enterOne) : enterOne(found);
  let isNew = found === undefined;
  const close = () => {
    current.entry.close();
    current.host.close();
  };
  /** The named hosts of the run. */
  let hosts: NamedHosts = {};
  const named = (name: string): Inner => {
    const inner = current.named.get(name);
    if (inner === undefined) throw noSuchHost(name, Object.keys(hosts));
    return inner;
  };
  const fingerprintsOf = (name: string) => currentFingerprints(() => named(name).fingerprints);
  const renew = async () => {
    if (!(await hasEnded(current.host, clock))) return false;
    const next = await enterNew(start, enterOne);
    try {
      await next.provide(hosts);
    } catch (thrown) {
      next.entry.close();
      next.host.close();
      throw thrown;
    }
    close();
    current = next;
    isNew = true;
    return true;
  };
  return {
    ports: currentPorts(clock, () => current.own.ports),
    fingerprints: withNamedHosts(
      currentFingerprints(() => current.own.fingerprints),
      () => Object.fromEntries(Object.keys(hosts).map((name) => [name, fingerprintsOf(name)])),
    ),
    fingerprintsOf,
    async provide(declared) {
      hosts = declared;
      try {
        await current.provide(hosts);
      } catch (thrown) {
        // The private host has ended meanwhile: the new one provides the hosts.
        if (!(await renew())) throw thrown;
      }
      return hosts;
    },
    named: (name) => currentPorts(clock, () => named(name).ports),
    claim: () => current.host.claim(),
    identity: () => ({
      process: { ...current.host.process, pidNamespace: ownPidNamespace() },
      user: ownUserId(),
    }),
    isNew: () => isNew,
    keep: () => current.host.keep(),
    renew,
    async end() {
      current.entry.close();
      await current.host.end();
    },
    close,
  };
}

/** Starts a private host and enters it; if somebody kills it meanwhile, starts another one, because nothing of the run is in it yet. */
async function enterNew(start: () => Promise<PrivateHost>, enterOne: (host: PrivateHost) => Entered): Promise<Entered> {
  for (let starts = 1; ; starts += 1) {
    let host: PrivateHost | undefined;
    try {
      host = await start();
      return enterOne(host);
    } catch (thrown) {
      host?.close();
      if (asWfError(thrown).code !== 'E_NAMESPACE_GONE' || starts === MOST_STARTS) throw thrown;
    }
  }
}

/** Returns whether it has ended; waits if it does not answer and may be about to end. */
async function hasEnded({ process, isKept }: PrivateHost, clock: Clock): Promise<boolean> {
  try {
    await isKept();
    return false;
  } catch (thrown) {
    if (!doesNotAnswer(thrown)) return !isAlive(process);
    for (let waitedMs = 0; isAlive(process) && waitedMs < ENDS_WITHIN_MS; waitedMs += POLL_MS)
      await pause(clock, POLL_MS);
    return !isAlive(process);
  }
}

function enter(host: PrivateHost, machine: Machine): Entered {
  const { clock, files: kept, docker: machineEngine } = machine;
  const entry = openNamespaceEntry(host.mark, host.process);
  const inside = sharingReads(host.command(clock));
  const fromOutside = createCommandPort(clock, execaStarter, entry);
  const command: CommandPort = {
    // The process of the private host cannot inherit wf's descriptors.
    run: (argv, options) => (options.inherited === undefined ? inside : fromOutside).run(argv, options),
  };
  const files = createFiles(() => rootOf(host), kept.keptFolder);
  const named = new Map<string, Inner>();
  const innerOf = (inner: InnerHost, commands: CommandPort, isShown: IsShown, hasEngine = false): Inner => {
    const ports: HostPorts = {
      clock,
      command: commands,
      docker: inner.docker,
      files,
      namespace: namespaceOf(inner),
      // Only a container of the embedded runtime has a process that answers.
      agent: hasEngine ? null : privateAgent(inner),
      get place() {
        return ownPlace();
      },
    };
    return { ports, fingerprints: fingerprintsOf(inner, ports, isShown) };
  };
  return {
    host,
    entry,
    // All hosts share the files of the private host, and with them the names of namespaces.
    own: innerOf(host, command, (subject) => ![...named.keys()].some((name) => subject === `namespace ${name}`)),
    named,
    async provide(hosts) {
      const missing = Object.entries(hosts).filter(([name]) => !named.has(name));
      await Promise.all(
        missing.map(async ([name, declared]) => {
          const hasEngine = hasPrivateEngine(declared);
          const images = hasEngine ? { machine: machineEngine, files: declared.images ?? [] } : undefined;
          const inner = await host.provide(name, images);
          const commands = commandsIn(inner.networkNamespace, command);
          named.set(
            name,
            innerOf(inner, commands, () => false, hasEngine),
          );
        }),
      );
    },
  };
}

/** Runs commands in a network namespace, unless they name another one. */
function commandsIn(namespace: NamespaceRef, { run }: CommandPort): CommandPort {
  return { run: (argv, options) => run(argv, { namespace, ...options }) };
}

/** Returns ports that always lead to the current private host. */
function currentPorts(clock: Clock, current: () => HostPorts): HostPorts {
  return {
    clock,
    get command() {
      return current().command;
    },
    get docker() {
      return current().docker;
    },
    get files() {
      return current().files;
    },
    get namespace() {
      return current().namespace;
    },
    get agent() {
      return current().agent;
    },
    get place() {
      return current().place;
    },
  };
}

function currentFingerprints(current: () => FingerprintPort): FingerprintPort {
  return {
    take: (facets) => current().take(facets),
    takeLike: (before, isWatched) => current().takeLike(before, isWatched),
    compare: compareFingerprints,
  };
}

/** @throws WfError E_NAMESPACE_GONE if it has ended */
function rootOf({ mark, process }: PrivateHost): string {
  if (!isAlive(process)) throw privateHostGone(mark);
  return `/proc/${process.pid}/root`;
}

/** Returns whether a named network namespace is part of the fingerprint of a host. */
type IsShown = (subject: string) => boolean;

function fingerprintsOf({ settings }: InnerHost, ports: HostPorts, isShown: IsShown): FingerprintPort {
  return createPrivateFingerprints({ ...ports, docker: withoutBuiltIn(ports.docker) }, async () => {
    const { sysctls, namespaces, ipv6, legacyTables } = await settings();
    const shown = namespaces.filter(([subject]) => isShown(subject));
    return { sysctls: readSection(sysctls), namespaces: readSection(shown), hasIpv6: ipv6, legacyTables };
  });
}

function namespaceOf({ process, networkNamespace, enter: enterHost, engine }: InnerHost): HostNamespacePort {
  return {
    own: () => networkNamespace,
    holder: process,
    wayTo: () => networkNamespace.path,
    byHand(commands) {
      if (engine !== undefined) return commands.map((argv) => engine.byHand(argv));
      // Its networks and containers need no client: they end with the private host.
      if (commands.some(([program]) => program === 'docker')) return [['kill', '-KILL', String(process.pid)]];
      return commands.map((argv) => enterHost(argv));
    },
  };
}

const DEFAULT_BRIDGE = 'com.docker.network.bridge.default_bridge';

/** Omits the networks that each engine creates at its start: a new engine has other ids for them. */
function withoutBuiltIn(docker: DockerPort): DockerPort {
  const isMade = ({ driver, options }: ListedNetwork) =>
    driver !== 'host' && driver !== 'null' && options[DEFAULT_BRIDGE] !== 'true';
  return {
    ...docker,
    listNetworks: async () => (await docker.listNetworks()).filter(isMade),
    networks: async (name) => (await docker.networks(name)).filter(isMade),
  };
}
