import { asWfError } from '../engine/model/errors.ts';
import { type Clock, pause } from '../engine/ports/clock.ts';
import type { CommandPort } from '../engine/ports/command.ts';
import type { HostNamespacePort } from '../engine/ports/host-namespace.ts';
import type { RunHost } from '../engine/ports/runtime.ts';
import type { HostPorts } from '../engine/workflow/step.ts';
import { createPrivateFingerprints } from '../fingerprint/create-fingerprints.ts';
import { compareFingerprints } from '../fingerprint/differences/compare-fingerprints.ts';
import { readSection } from '../fingerprint/differences/shape.ts';
import { createCommandPort } from '../host/commands/command.ts';
import { execaStarter } from '../host/commands/start-command.ts';
import { createFiles } from '../host/files/create-files.ts';
import { ownPlace } from '../host/machine/place.ts';
import { isAlive, ownPidNamespace, ownUserId } from '../host/processes/process.ts';
import { doesNotAnswer, privateHostGone } from './embedded/client/connection.ts';
import { type OpenNamespaceEntry, openNamespaceEntry } from './embedded/client/namespace-entry.ts';
import type { PrivateHost } from './embedded/client/private-host.ts';
import { privateAgent } from './private-agent.ts';

/** From the end of its connections to its own end: microseconds, or more on an overloaded machine. */
const ENDS_WITHIN_MS = 5_000;
const POLL_MS = 5;
/** Somebody who kills each private host at its start would keep wf busy for ever. */
const MOST_STARTS = 3;

/** A private host with its open namespaces. */
interface Entered {
  readonly host: PrivateHost;
  readonly entry: OpenNamespaceEntry;
  readonly ports: HostPorts;
}

/**
 * Adapts a private host to the host of a run.
 * @param found the one that the run has; undefined if it has none
 * @param start creates another one of the same mark, if there is none or once it has ended
 * @param keptFolder see FilesPort
 * @throws WfError E_NAMESPACE_GONE if the found one has ended, or if each new one is killed at its start
 */
export async function privateRunHost(
  found: PrivateHost | undefined,
  start: () => Promise<PrivateHost>,
  clock: Clock,
  keptFolder: string,
): Promise<RunHost> {
  const enterOne = (host: PrivateHost) => enter(host, clock, keptFolder);
  let current = found === undefined ? await enterNew(start, enterOne) : enterOne(found);
  let isNew = found === undefined;
  const close = () => {
    current.entry.close();
    current.host.close();
  };
  // These ports always lead to the current private host.
  const ports: HostPorts = {
    clock,
    get command() {
      return current.ports.command;
    },
    get docker() {
      return current.ports.docker;
    },
    get files() {
      return current.ports.files;
    },
    get namespace() {
      return current.ports.namespace;
    },
    get agent() {
      return current.ports.agent;
    },
    get place() {
      return current.ports.place;
    },
  };
  return {
    ports,
    fingerprints: {
      take: (facets) => fingerprintsOf(current).take(facets),
      takeLike: (before, isWatched) => fingerprintsOf(current).takeLike(before, isWatched),
      compare: compareFingerprints,
    },
    claim: () => current.host.claim(),
    identity: () => ({
      process: { ...current.host.process, pidNamespace: ownPidNamespace() },
      user: ownUserId(),
    }),
    isNew: () => isNew,
    keep: () => current.host.keep(),
    async renew() {
      if (!(await hasEnded(current.host, clock))) return false;
      const next = await enterNew(start, enterOne);
      close();
      current = next;
      isNew = true;
      return true;
    },
    async end() {
      current.entry.close();
      await current.host.end();
    },
    close,
  };
}

/** Starts a private host and enters it; starts another one if somebody kills it meanwhile: nothing of the run is in it yet. */
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

/** Returns whether it has ended; waits for one that does not answer and may be about to end. */
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

function enter(host: PrivateHost, clock: Clock, keptFolder: string): Entered {
  const entry = openNamespaceEntry(host.mark, host.process);
  const inside = host.command(clock);
  const fromOutside = createCommandPort(clock, execaStarter, entry);
  const command: CommandPort = {
    // Its own process cannot pass on wf's descriptors.
    run: (argv, options) => (options.inherited === undefined ? inside : fromOutside).run(argv, options),
  };
  return {
    host,
    entry,
    ports: {
      clock,
      command,
      docker: host.docker,
      files: createFiles(() => rootOf(host), keptFolder),
      namespace: namespaceOf(host),
      agent: privateAgent(host),
      get place() {
        return ownPlace();
      },
    },
  };
}

/** @throws WfError E_NAMESPACE_GONE if it has ended */
function rootOf({ mark, process }: PrivateHost): string {
  if (!isAlive(process)) throw privateHostGone(mark);
  return `/proc/${process.pid}/root`;
}

function fingerprintsOf({ host, ports }: Entered) {
  return createPrivateFingerprints(ports, async () => {
    const { sysctls, namespaces, ipv6, legacyTables } = await host.settings();
    return { sysctls: readSection(sysctls), namespaces: readSection(namespaces), hasIpv6: ipv6, legacyTables };
  });
}

function namespaceOf({ process, networkNamespace, enter: enterHost }: PrivateHost): HostNamespacePort {
  return {
    own: () => networkNamespace,
    holder: process,
    wayTo: () => networkNamespace.path,
    byHand(commands) {
      // Its networks and containers have no client: they go with the private host.
      if (commands.some(([program]) => program === 'docker')) return [['kill', '-KILL', String(process.pid)]];
      return commands.map((argv) => enterHost(argv));
    },
  };
}
