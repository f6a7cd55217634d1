import { whileLocked } from '../journal/while-locked.ts';
import { WfError } from '../model/errors.ts';
import { commandLine } from '../model/evidence.ts';
import { PROCESS_MARK_VARIABLE, type ProcessMark, processMarkText } from '../model/process-mark.ts';
import type { CommandPort, CommandResult } from '../ports/command.ts';
import type { CrashPoints } from '../ports/crash-points.ts';
import type { DockerPort } from '../ports/docker.ts';
import type { HistoryPort, Lease } from '../ports/history.ts';
import type { RunPlace } from '../ports/place.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { HostPorts } from '../workflow/step.ts';

/** What the engine keeps watch with over all that a run does to the host. */
export interface HostWatch {
  readonly host: HostPorts;
  readonly history: Pick<HistoryPort, 'holds'>;
  readonly lease: Lease;
  /** Comes when this process holds the run: before that, nothing that carries the run's mark is begun. */
  held(): Promise<void>;
  readonly crashPoints: CrashPoints;
  /** Told why nothing may be begun any more. */
  readonly noteTrouble?: (error: unknown) => void;
  /** Place where the run was started. */
  readonly place?: RunPlace | undefined;
  /** Of these none is left in part at the end of an output that was cut. */
  readonly secrets: Secrets;
}

/** The host as an attempt at a step, or the undoing of one, reaches it. */
export interface AttemptHost {
  /** For looks. */
  readonly looking: HostPorts;
  /** For `apply` and `undo`: the same with a crash point on both sides of each command and each request that changes something. */
  acting(): HostPorts;
}

/**
 * Each command carries the mark of its attempt, so that whoever takes the run over finds it; and nothing is begun any more
 * once the lease is lost (an owner that was stopped, and wakes after a takeover).
 */
export function attemptHost(watch: HostWatch, mark: ProcessMark): AttemptHost {
  const { host, crashPoints } = watch;
  const requireLease = async () => {
    await watch.held();
    try {
      const isHeld = await whileLocked(host.clock, () => watch.history.holds(watch.lease));
      if (!isHeld) throw leaseLost(watch.lease);
    } catch (thrown) {
      watch.noteTrouble?.(thrown);
      throw thrown;
    }
  };
  const command: CommandPort = {
    async run(argv, options) {
      await requireLease();
      const env = { ...options.env, [PROCESS_MARK_VARIABLE]: processMarkText(mark) };
      return withoutPartialSecrets(await host.command.run(argv, { ...options, env }), watch.secrets);
    },
  };
  // Made when it is asked for: most steps that only read ask for none.
  let fenced: DockerPort | undefined;
  const looking: HostPorts = {
    ...host,
    command,
    place: watch.place ?? host.place,
    get docker() {
      fenced ??= eachWrite(host.docker, async (_operation, call) => {
        await requireLease();
        return call();
      });
      return fenced;
    },
  };

  function acting(): HostPorts {
    const touches = new Map<string, number>();
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
      ...looking,
      command: { run: (argv, options) => touch(operationOf(argv), () => command.run(argv, options)) },
      docker: eachWrite(looking.docker, touch),
    };
  }
  return { looking, acting };
}

/** What is there in full is hidden where it is kept; a half could not be told any more. */
function withoutPartialSecrets(result: CommandResult, { cutPartialSecret }: Secrets): CommandResult {
  return result.truncated
    ? { ...result, stdout: cutPartialSecret(result.stdout), stderr: cutPartialSecret(result.stderr) }
    : result;
}

/** The first words of a command, which hold no address, id or namespace: `ip link set`. */
function operationOf(argv: readonly string[]): string {
  return commandLine(argv.slice(0, 3));
}

/** A Docker port whose requests that change something go through `pass`. */
function eachWrite(
  docker: DockerPort,
  pass: <Answer>(operation: string, call: () => Promise<Answer>) => Promise<Answer>,
): DockerPort {
  return {
    ...docker,
    pullImage: (reference, onProgress, signal) =>
      pass('docker pull', () => docker.pullImage(reference, onProgress, signal)),
    removeImage: (reference) => pass('docker image rm', () => docker.removeImage(reference)),
    createNetwork: (spec) => pass('docker network create', () => docker.createNetwork(spec)),
    removeNetwork: (id) => pass('docker network rm', () => docker.removeNetwork(id)),
    createContainer: (spec) => pass('docker create', () => docker.createContainer(spec)),
    startContainer: (id) => pass('docker start', () => docker.startContainer(id)),
    removeContainer: (id, anonymousVolumes) => pass('docker rm', () => docker.removeContainer(id, anonymousVolumes)),
    exec: (id, argv, timeoutMs) => pass('docker exec', () => docker.exec(id, argv, timeoutMs)),
  };
}

function leaseLost({ run }: Lease): WfError {
  return new WfError('E_LEASE_LOST', `this process no longer holds the lease of run ${run}`, {
    hint: `Nothing more was done. See who advances it with \`wf show ${run}\`.`,
  });
}
