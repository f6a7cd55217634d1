import { type ChildProcess, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { Duplex, type Readable } from 'node:stream';
import { WfError } from '../../../../engine/model/errors.ts';
import { CONTAINER_VARIABLE, FOLLOWING_MOUNTS } from '../../protocol/names.ts';
import { createPeer, type Handler, type Peer } from '../../protocol/peer.ts';
import { takeNumber } from '../../protocol/request-members.ts';

/** The process of a container, in namespaces of its own, from its start to its end. */
export interface ContainerProcess {
  readonly containerId: string;
  /** As pids count in the private host: what its own `ip` means by it. */
  readonly innerPid: number;
  /** As the machine counts them. */
  readonly pid: number;
  readonly peer: Peer;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Its exit code, once it has ended; 137 where it was killed. */
  readonly ended: Promise<number>;
  kill(): void;
}

const KILLED = 137;
/** Node starts in 40 ms; this is for a machine that is all but stuck. */
const START_LIMIT_MS = 30_000;

/** Starts one, and waits until its namespaces are as a container's are. @throws WfError E_DOCKER */
export async function startContainerProcess(containerId: string, resolveName: Handler): Promise<ContainerProcess> {
  // Beside the private host's own program.
  const program = join(dirname(process.argv[1] ?? ''), 'container.cjs');
  const child = spawn('unshare', ['--net', ...FOLLOWING_MOUNTS, '--uts', '--', process.execPath, program], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, [CONTAINER_VARIABLE]: containerId },
  });
  const { stdout, stderr, pid: innerPid } = child;
  // Missing if no descriptor is left for a pipe.
  const pipes: ChildProcess['stdio'] | undefined = child.stdio;
  const line = pipes?.[3];
  const ended = new Promise<number>((resolve) => {
    child.once('error', () => resolve(KILLED));
    child.once('exit', (code) => resolve(code ?? KILLED));
  });
  if (innerPid === undefined || !stdout || !stderr || !(line instanceof Duplex))
    throw cannotStart(containerId, 'no process can be started');
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  let greet: (pid: number) => void = () => undefined;
  const greeted = new Promise<number>((resolve) => {
    greet = resolve;
  });
  const peer = createPeer(line, {
    who: `container ${containerId.slice(0, 12)}`,
    gone: () => cannotStart(containerId, 'its process has ended'),
    handlers: {
      hello: (asked) => {
        greet(takeNumber(asked, 'pid'));
        return null;
      },
      resolve: resolveName,
    },
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), START_LIMIT_MS);
  });
  const first = await Promise.race([greeted, ended.then(() => 'ended' as const), late]);
  clearTimeout(timer);
  if (typeof first === 'number') {
    return { containerId, innerPid, pid: first, peer, stdout, stderr, ended, kill };
  }
  kill();
  const said = String(stderr.read() ?? '').trim();
  throw cannotStart(containerId, said || (first === 'late' ? 'it does not get ready' : 'it ended at once'));
}

function cannotStart(containerId: string, why: string): WfError {
  return new WfError('E_DOCKER', `the process of container ${containerId.slice(0, 12)} does not run: ${why}`, {
    hint: 'This machine may be short of memory, processes or namespaces (`sysctl user.max_net_namespaces`): see `wf doctor`.',
    transient: true,
  });
}
