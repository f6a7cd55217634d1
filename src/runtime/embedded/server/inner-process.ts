import { type ChildProcess, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { Duplex, type Readable } from 'node:stream';
import type { WfError } from '../../../engine/model/errors.ts';
import { createPeer, type Handler, type Peer } from '../protocol/peer.ts';
import { takeNumber } from '../protocol/request-members.ts';

/** A program of wf in namespaces inside the private host. */
export interface InnerProcess {
  /** Pid in the private host, which its `ip` uses. */
  readonly innerPid: number;
  /** Pid on the machine. */
  readonly pid: number;
  readonly peer: Peer;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves to its exit code once it has ended; 137 if it was killed. */
  readonly ended: Promise<number>;
  kill(): void;
}

interface InnerProgram {
  /** The command line before Node, which enters or creates the namespaces. */
  readonly enter: readonly [string, ...string[]];
  /** File name of the program, in the folder of the private host's own program. */
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
  readonly who: string;
  readonly handlers: Readonly<Record<string, Handler>>;
  refused(why: string): WfError;
}

const KILLED = 137;
/** Node starts in 40 ms; the rest is for a machine that hardly responds. */
const START_LIMIT_MS = 30_000;

/** Starts a program, and waits for its `hello`, which means that its namespaces are prepared. @throws the error of `refused` */
export async function startInnerProcess(inner: InnerProgram): Promise<InnerProcess> {
  const { enter, program, env, who, handlers, refused } = inner;
  const [tool, ...words] = enter;
  const path = join(dirname(process.argv[1] ?? ''), program);
  const child = spawn(tool, [...words, '--', process.execPath, path], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
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
    throw refused('no process can be started');
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  let greet: (pid: number) => void = () => undefined;
  const greeted = new Promise<number>((resolve) => {
    greet = resolve;
  });
  const peer = createPeer(line, {
    who,
    gone: () => refused('its process has ended'),
    handlers: {
      ...handlers,
      hello: (asked) => {
        greet(takeNumber(asked, 'pid'));
        return null;
      },
    },
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), START_LIMIT_MS);
  });
  const first = await Promise.race([greeted, ended.then(() => 'ended' as const), late]);
  clearTimeout(timer);
  if (typeof first === 'number') return { innerPid, pid: first, peer, stdout, stderr, ended, kill };
  kill();
  const output = String(stderr.read() ?? '').trim();
  throw refused(output || (first === 'late' ? 'it does not get ready' : 'it ended at once'));
}
