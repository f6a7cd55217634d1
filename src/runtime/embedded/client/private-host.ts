import { statSync } from 'node:fs';
import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import type { JsonObject } from '../../../engine/model/json.ts';
import type { Owner } from '../../../engine/model/owner.ts';
import type { Clock } from '../../../engine/ports/clock.ts';
import type { Argv, CommandPort } from '../../../engine/ports/command.ts';
import type { DockerPort } from '../../../engine/ports/docker.ts';
import type { FoundNamespace } from '../../../engine/ports/host-namespace.ts';
import { errnoOf } from '../../../host/machine/errno.ts';
import { namespaceOfPid } from '../../../host/namespaces/namespace.ts';
import { isAlive } from '../../../host/processes/process.ts';
import { id as idAnswer, nothing, type PrivateHostSettings, settingsAnswer } from '../protocol/answers.ts';
import type { Peer } from '../protocol/peer.ts';
import { createConnection, privateHostGone } from './connection.ts';
import { endPrivateHost } from './end-private-host.ts';
import { privateCommands } from './private-commands.ts';
import { privateDocker } from './private-docker.ts';

/** A host of a run's own, made of Linux namespaces: what its networks and containers are in. */
export interface PrivateHost {
  readonly mark: string;
  /** The first process in it, as the machine counts pids: as long as it lives, the private host is there. */
  readonly process: Owner;
  /** The network namespace that is the host side of its networks. */
  readonly networkNamespace: FoundNamespace;
  readonly docker: DockerPort;
  /** Commands that its own process starts: it is smaller than wf, and is there already. */
  command(clock: Clock): CommandPort;
  /**
   * A command line that runs `argv` on the private host, or in a container of it. To be run at once: it leads through pids.
   * @param container the process of the container
   * @throws WfError E_DOCKER_UNREACHABLE where it has ended; E_NAMESPACE_GONE where no process of it has the container's pid
   */
  enter(argv: Argv, container?: { readonly pid: number }): Argv;
  /**
   * Asks a question of the private host's network namespace, or of a container's, by the process that is there already: see
   * probe-questions.mjs for requests and reports.
   * @param limitMs after it, nothing is waited for any more
   */
  agent(where: 'host' | { readonly containerId: string }, request: JsonObject, limitMs: number): Promise<unknown>;
  /** The id of the container whose process this is; null where it is none's that runs. */
  containerOf(pid: number): Promise<string | null>;
  /** What of its fingerprint only a process inside can read. */
  settings(): Promise<PrivateHostSettings>;
  /** Whether it outlives whoever started it. */
  isKept(): Promise<boolean>;
  /** Nothing that another process has asked of it is carried out any more, from when this resolves. */
  claim(): Promise<void>;
  /** From now on it outlives whoever started it. */
  keep(): Promise<void>;
  /** Ends it, and all that is in it. */
  end(): Promise<void>;
  /** Closes the connection. A private host that is not to be kept ends with the connection that started it. */
  close(): void;
}

/**
 * The private host with this first process, which is known to be this user's own.
 * @param first a connection to it that is there already
 */
export function openPrivateHost(mark: string, owner: Owner, first?: Peer): PrivateHost {
  const connection = createConnection(mark, owner, first);
  const { call, close } = connection;
  const { pid } = owner;
  const networkNamespace = namespaceOfPid(pid);
  if (networkNamespace.process?.startTime !== owner.startTime) throw privateHostGone(mark);
  // Kept for as long as it lives: asking again would only tell the same.
  const user = isInOtherUserNamespace(pid) ? [`--user=/proc/${pid}/ns/user`, '--preserve-credentials'] : [];

  return {
    mark,
    process: owner,
    networkNamespace,
    docker: privateDocker(mark, owner, connection),
    command: (clock) => privateCommands(connection, clock),
    enter(argv, container) {
      if (!isAlive(owner)) throw privateHostGone(mark);
      if (container !== undefined && namespaceInode(container.pid, 'pid') !== namespaceInode(pid, 'pid')) {
        throw containerGone(container.pid);
      }
      const place = `/proc/${container?.pid ?? pid}/ns`;
      return ['nsenter', ...user, `--net=${place}/net`, `--mount=${place}/mnt`, `--uts=${place}/uts`, '--', ...argv];
    },
    agent(where, request, limitMs) {
      const id = where === 'host' ? null : where.containerId;
      return call('ask', { id, request, limitMs }, z.unknown(), limitMs);
    },
    containerOf: (pid) => call('containerOf', { pid }, idAnswer.nullable()),
    settings: () => call('settings', {}, settingsAnswer),
    isKept: () => call('isKept', {}, z.boolean()),
    async claim() {
      await call('claim', {}, nothing);
    },
    async keep() {
      await call('keep', {}, nothing);
    },
    async end() {
      await endPrivateHost(owner);
      close();
    },
    close,
  };
}

function isInOtherUserNamespace(pid: number): boolean {
  return namespaceInode(pid, 'user') !== namespaceInode(process.pid, 'user');
}

/** Undefined where there is no such process, or it may not be looked into. */
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
  return new WfError('E_NAMESPACE_GONE', `process ${pid} of a container is gone, and with it its namespaces`, {
    hint: 'Look whether the container still runs, then start the run again, or roll it back.',
  });
}
