import { whileLocked } from '../journal/while-locked.ts';
import { WfError } from '../model/errors.ts';
import { commandLine } from '../model/evidence.ts';
import { PROCESS_MARK_VARIABLE, type ProcessMark, processMarkText } from '../model/identity/process-mark.ts';
import type { CommandPort, CommandResult } from '../ports/command.ts';
import type { CrashPoints } from '../ports/crash-points.ts';
import type { DockerPort } from '../ports/docker.ts';
import type { FilesPort } from '../ports/files.ts';
import type { HistoryPort, Lease } from '../ports/history.ts';
import type { RunPlace } from '../ports/place.ts';
import type { SwarmPort } from '../ports/swarm.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { HostPorts } from '../workflow/step.ts';

/** The means by which the engine controls every access of a run to its host. */
export interface HostWatch {
  readonly host: HostPorts;
  /** Returns the ports of a named host. @throws WfError if the run has no such host */
  named(name: string): HostPorts;
  readonly history: Pick<HistoryPort, 'holds'>;
  readonly lease: Lease;
  /** Resolves once this process has claimed the run. Nothing with the mark of the run begins before that. */
  claimed(): Promise<void>;
  readonly crashPoints: CrashPoints;
  /** Receives the error after which nothing more may begin. */
  readonly noteTrouble?: (error: unknown) => void;
  /** The place where the run was started. */
  readonly place?: RunPlace | undefined;
  /** A part of one of these is removed from the end of a cut output. */
  readonly secrets: Secrets;
}

/** Returns the same for a named host; undefined is the run's own. */
export function watchOn(watch: HostWatch, host: string | undefined): HostWatch {
  return host === undefined ? watch : { ...watch, host: watch.named(host) };
}

/** The host for an attempt at a step, or for its undo. */
export interface AttemptHost {
  /** For observing. */
  readonly observing: HostPorts;
  /** For `apply` and `undo`: with crash points before and after each command and each request that changes something. */
  acting(): HostPorts;
  /** Returns the same for a named host of the run, for a step that needs two. @throws WfError if the run has no such host */
  named(name: string): AttemptHost;
}

/** Number of touches by an attempt so far, by operation. */
type Touches = Map<string, number>;

/**
 * Returns the host for an attempt. Each command carries the mark of the attempt, so that a takeover finds it. No command begins after the
 * lease is lost: a stopped owner may wake after a takeover.
 */
export function attemptHost(watch: HostWatch, mark: ProcessMark, touches: Touches = new Map()): AttemptHost {
  const { host, crashPoints } = watch;
  const requireLease = async () => {
    await watch.claimed();
    try {
      const hasLease = await whileLocked(host.clock, () => watch.history.holds(watch.lease));
      if (!hasLease) throw leaseLost(watch.lease);
    } catch (thrown) {
      watch.noteTrouble?.(thrown);
      throw thrown;
    }
  };
  const withMark = (env: Readonly<Record<string, string>> = {}) => ({
    ...env,
    [PROCESS_MARK_VARIABLE]: processMarkText(mark),
  });
  const command: CommandPort = {
    async run(argv, options) {
      await requireLease();
      const result = await host.command.run(argv, { ...options, env: withMark(options.env) });
      return withoutPartialSecrets(result, watch.secrets);
    },
  };
  const docker: DockerPort = {
    ...host.docker,
    async execCommand(id, argv, options) {
      const result = await host.docker.execCommand(id, argv, { ...options, env: withMark(options.env) });
      return withoutPartialSecrets(result, watch.secrets);
    },
  };
  // Created lazily: most steps that only read do not use it.
  let fenced: DockerPort | undefined;
  let fencedFiles: FilesPort | undefined;
  const fence: Pass = async (_operation, call) => {
    await requireLease();
    return call();
  };
  const observing: HostPorts = {
    ...host,
    command,
    place: watch.place ?? host.place,
    get docker() {
      fenced ??= eachWrite(docker, fence);
      return fenced;
    },
    get files() {
      fencedFiles ??= eachFileWrite(host.files, fence);
      return fencedFiles;
    },
  };

  function acting(): HostPorts {
    const touch = async <Answer>(operation: string, call: () => Promise<Answer>): Promise<Answer> => {
      const count = (touches.get(operation) ?? 0) + 1;
      touches.set(operation, count);
      const name = `touch ${mark.step} ${mark.attempt === 'undo' ? 'undo' : 'apply'} ${count} ${operation}`;
      crashPoints.reach(`before ${name}`);
      const answer = await call();
      crashPoints.reach(`after ${name}`);
      return answer;
    };
    return {
      ...observing,
      command: { run: (argv, options) => touch(operationOf(options.typed ?? argv), () => command.run(argv, options)) },
      docker: eachWrite(observing.docker, touch),
      files: eachFileWrite(observing.files, touch),
    };
  }
  return { observing, acting, named: (name) => attemptHost(watchOn(watch, name), mark, touches) };
}

/** Removes a secret that the cut has split: redaction only recognises whole ones. */
function withoutPartialSecrets(result: CommandResult, { cutPartialSecret }: Secrets): CommandResult {
  return result.truncated
    ? { ...result, stdout: cutPartialSecret(result.stdout), stderr: cutPartialSecret(result.stderr) }
    : result;
}

/** Returns the first words of a command, which contain no address, id or namespace: `ip link set`. */
function operationOf(argv: readonly string[]): string {
  return commandLine(argv.slice(0, 3));
}

/** Passes on an operation that changes something. */
type Pass = <Answer>(operation: string, call: () => Promise<Answer>) => Promise<Answer>;

/** Returns a port that passes each operation that changes a file through `pass`. */
function eachFileWrite(files: FilesPort, pass: Pass): FilesPort {
  return {
    ...files,
    keep: (run, name, path, found) => pass('file keep', () => files.keep(run, name, path, found)),
    writeForCommand: (run, contents) => pass('file lend', () => files.writeForCommand(run, contents)),
    removeForCommand: (run, folder) => pass('file take back', () => files.removeForCommand(run, folder)),
    createFile: (path, content, attributes) => pass('file create', () => files.createFile(path, content, attributes)),
    setMode: (path, mode) => pass('file mode', () => files.setMode(path, mode)),
    createLink: (path, target, owner) => pass('file link', () => files.createLink(path, target, owner)),
    createFolder: (path, attributes) => pass('file folder', () => files.createFolder(path, attributes)),
    place: (draft, name, expected) => pass('file place', () => files.place(draft, name, expected)),
    remove: (path, found) => pass('file remove', () => files.remove(path, found)),
  };
}

/** Returns a Docker port that passes each request that changes something through `pass`. */
function eachWrite(docker: DockerPort, pass: Pass): DockerPort {
  return {
    ...docker,
    pullImage: (reference, onProgress, signal, credentials) =>
      pass('docker pull', () => docker.pullImage(reference, onProgress, signal, credentials)),
    loadImages: (saved) => pass('docker load', () => docker.loadImages(saved)),
    removeImage: (reference) => pass('docker image rm', () => docker.removeImage(reference)),
    createNetwork: (spec) => pass('docker network create', () => docker.createNetwork(spec)),
    removeNetwork: (id) => pass('docker network rm', () => docker.removeNetwork(id)),
    connectNetwork: (endpoint) => pass('docker network connect', () => docker.connectNetwork(endpoint)),
    disconnectNetwork: (endpoint) => pass('docker network disconnect', () => docker.disconnectNetwork(endpoint)),
    createVolume: (spec) => pass('docker volume create', () => docker.createVolume(spec)),
    removeVolume: (name) => pass('docker volume rm', () => docker.removeVolume(name)),
    createContainer: (spec) => pass('docker create', () => docker.createContainer(spec)),
    startContainer: (id) => pass('docker start', () => docker.startContainer(id)),
    removeContainer: (id, anonymousVolumes) => pass('docker rm', () => docker.removeContainer(id, anonymousVolumes)),
    exec: (id, argv, timeoutMs) => pass('docker exec', () => docker.exec(id, argv, timeoutMs)),
    execCommand: (id, argv, options) => pass('docker exec', () => docker.execCommand(id, argv, options)),
    swarm: eachSwarmWrite(docker.swarm, pass),
  };
}

/** The same for requests about swarms. */
function eachSwarmWrite(swarm: SwarmPort, pass: Pass): SwarmPort {
  return {
    ...swarm,
    init: (spec) => pass('docker swarm init', () => swarm.init(spec)),
    join: (spec) => pass('docker swarm join', () => swarm.join(spec)),
    leave: () => pass('docker swarm leave', () => swarm.leave()),
    updateNode: (id, changed) => pass('docker node update', () => swarm.updateNode(id, changed)),
    removeNode: (id) => pass('docker node rm', () => swarm.removeNode(id)),
  };
}

function leaseLost({ run }: Lease): WfError {
  return new WfError('E_LEASE_LOST', `this process has lost the lease of run ${run}`, {
    hint: `Nothing more was done. Find the process that advances it with \`wf show ${run}\`.`,
  });
}
