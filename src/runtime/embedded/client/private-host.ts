import { statSync } from 'node:fs';
import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import type { Owner } from '../../../engine/model/identity/owner.ts';
import type { JsonObject } from '../../../engine/model/json.ts';
import type { Clock } from '../../../engine/ports/clock.ts';
import type { Argv, CommandPort } from '../../../engine/ports/command.ts';
import type { DockerPort } from '../../../engine/ports/docker.ts';
import type { FoundNamespace } from '../../../engine/ports/host-namespace.ts';
import { errnoOf } from '../../../host/machine/errno.ts';
import { findNamedNamespace } from '../../../host/namespaces/named-namespace.ts';
import { NAMED_NAMESPACES, type NamespaceOfProcess, namespaceOfPid } from '../../../host/namespaces/namespace.ts';
import { isAlive } from '../../../host/processes/process.ts';
import { id as idAnswer, nothing, type PrivateHostSettings, settingsAnswer } from '../protocol/answers.ts';
import type { Peer } from '../protocol/peer.ts';
import { type Connection, createConnection, privateHostGone } from './connection.ts';
import { endPrivateHost } from './end-private-host.ts';
import { removeEngineCgroups } from './engine/engine-cgroups.ts';
import { type ImageSources, privateEngine } from './engine/private-engine.ts';
import { privateCommands } from './private-commands.ts';
import { privateDocker } from './private-docker.ts';

/** A host inside a private host: the one with its first process, or a named one. */
export interface InnerHost {
  /** Its process, with its pid on the machine. The host ends with it. */
  readonly process: Owner;
  /** Network namespace of the host side of its networks. */
  readonly networkNamespace: FoundNamespace;
  readonly docker: DockerPort;
  /**
   * Returns a command line that runs `argv` on the host, or in a container of it. Run it at once, because it contains pids.
   * @param container the process of the container
   * @throws WfError E_DOCKER_UNREACHABLE if the private host has ended; E_NAMESPACE_GONE if no process of it has the container's
   * pid
   */
  enter(argv: Argv, container?: { readonly pid: number }): Argv;
  /**
   * Probes the network namespace of the host, or of a container, through a process that is already there; see probe-questions.mjs for
   * requests and reports.
   * @param limitMs time-out
   */
  agent(where: 'host' | { readonly containerId: string }, request: JsonObject, limitMs: number): Promise<unknown>;
  /** Returns the id of the container whose process this is; null if it belongs to no running container. */
  containerOf(pid: number): Promise<string | null>;
  /** Its Docker engine; undefined if wf itself provides its networks and containers. */
  readonly engine?: { byHand(argv: Argv): Argv };
  /** Reads the parts of its fingerprint that only a process inside can read. */
  settings(): Promise<PrivateHostSettings>;
}

/** Private host of a run: Linux namespaces that contain its networks and containers. */
export interface PrivateHost extends InnerHost {
  readonly mark: string;
  /** Runs commands through its own process, which is smaller than wf and already there. */
  command(clock: Clock): CommandPort;
  /** Opens a named host in it; creates it if it does not exist. @param images of its Docker engine; undefined for a host without one */
  provide(name: string, images: ImageSources | undefined): Promise<InnerHost>;
  /** Returns whether it outlives its starter. */
  isKept(): Promise<boolean>;
  /** Claims the private host, which then stops executing requests of other processes. */
  claim(): Promise<void>;
  /** Makes it outlive its starter. */
  keep(): Promise<void>;
  /** Ends it with everything in it. */
  end(): Promise<void>;
  /** Closes the connection. A private host that is not kept ends with the connection that started it. */
  close(): void;
}

/**
 * Opens the private host with this first process, which must belong to this user.
 * @param first an existing connection to it
 */
export function openPrivateHost(mark: string, owner: Owner, first?: Peer): PrivateHost {
  const connection = createConnection(mark, owner, first);
  const { call, close } = connection;
  const { pid } = owner;
  const networkNamespace = namespaceOfPid(pid);
  if (networkNamespace.process?.startTime !== owner.startTime) throw privateHostGone(mark);
  // Read once: it never changes.
  const user = isInOtherUserNamespace(pid) ? [`--user=/proc/${pid}/ns/user`, '--preserve-credentials'] : [];

  const innerHost = (process: Owner, namespace: FoundNamespace, name: string, ask: Connection['call']): InnerHost => ({
    process,
    networkNamespace: namespace,
    docker: privateDocker(name, process, { call: ask }),
    enter(argv, container) {
      if (!isAlive(owner)) throw privateHostGone(mark);
      if (container !== undefined && namespaceInode(container.pid, 'pid') !== namespaceInode(pid, 'pid')) {
        throw containerGone(container.pid);
      }
      const place = `/proc/${container?.pid ?? process.pid}/ns`;
      return ['nsenter', ...user, `--net=${place}/net`, `--mount=${place}/mnt`, `--uts=${place}/uts`, '--', ...argv];
    },
    agent(where, request, limitMs) {
      const id = where === 'host' ? null : where.containerId;
      return ask('ask', { id, request, limitMs }, z.unknown(), limitMs);
    },
    containerOf: (container) => ask('containerOf', { pid: container }, idAnswer.nullable()),
    settings: () => ask('settings', {}, settingsAnswer),
  });

  return {
    mark,
    ...innerHost(owner, networkNamespace, mark, call),
    command: (clock) => privateCommands(connection, clock),
    async provide(name, images) {
      const hasEngine = images !== undefined;
      const pid = await call('provideHost', { name, ...(hasEngine ? { engine: true } : {}) }, z.number().int());
      const found = namespaceOfPid(pid);
      const { process } = found;
      const host = innerHost(
        found.process,
        byName(found, name),
        `${mark} host ${name}`,
        (calledName, asked, answer, limitMs) => call(calledName, { ...asked, host: name }, answer, limitMs),
      );
      return hasEngine ? { ...host, ...privateEngine({ mark, host: name, owner, process, images }) } : host;
    },
    isKept: () => call('isKept', {}, z.boolean()),
    async claim() {
      await call('claim', {}, nothing);
    },
    async keep() {
      await call('keep', {}, nothing);
    },
    async end() {
      await endPrivateHost(owner);
      await removeEngineCgroups(mark);
      close();
    },
    close,
  };
}

/** Returns a namespace with the path of its name, or with that of its process if somebody has removed or reused the name. */
function byName(namespace: NamespaceOfProcess, name: string): FoundNamespace {
  const path = `/proc/${namespace.process.pid}/root${NAMED_NAMESPACES}/${name}`;
  const named = findNamedNamespace(path);
  if (named === null || named === 'file' || named.inode !== namespace.inode) return namespace;
  return { ...namespace, path, born: named.born };
}

function isInOtherUserNamespace(pid: number): boolean {
  return namespaceInode(pid, 'user') !== namespaceInode(process.pid, 'user');
}

/** Returns undefined if the process does not exist or may not be inspected. */
function namespaceInode(pid: number, kind: 'user' | 'pid'): number | undefined {
  try {
    return statSync(`/proc/${pid}/ns/${kind}`).ino;
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === 'ENOENT' || errno === 'ESRCH' || errno === 'EACCES' || errno === 'EPERM') return undefined;
    throw thrown;
  }
}

function containerGone(pid: number): WfError {
  return new WfError('E_NAMESPACE_GONE', `process ${pid} of a container is gone with its namespaces`, {
    hint: 'Check whether the container still runs; then start the run again, or roll it back.',
  });
}
