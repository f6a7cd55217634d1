import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import process from 'node:process';
import { exitProcess } from '../processes/own-process.ts';
import { allPids, processStat } from '../processes/process.ts';
import { ownNetworkNamespace } from './namespace.ts';
import { unshareCommand } from './unshare-command.ts';

/** Descriptor of the connection between the program and its starter. */
const STARTER_DESCRIPTOR = 3;
/** Inode of the network namespace of the starter. */
const ORIGIN_VARIABLE = 'WF_NAMESPACES_OF';

/** A program that is the first process of its own namespaces: its processes, links and mounts there end with it. */
export interface ProgramInNamespaces {
  readonly end: Promise<ProgramEnd>;
  /** Ends the program, and with it everything in its namespaces. */
  stop(): void;
  /** Returns its pid on this machine; undefined before it has begun, and after its end. */
  pid(): number | undefined;
}

interface ProgramEnd {
  /** Whether the program has begun; otherwise `stderr` has the reason. */
  readonly hasBegun: boolean;
  /** Null if a signal ended it. */
  readonly exitCode: number | null;
  readonly stderr: string;
}

/**
 * Starts a Node program as the first process of its own network, PID and mount namespaces. The program must call `endWithStarter`: it then
 * ends with this process, however that ends. It shares the standard output of this process.
 */
export function startInNamespaces(
  argv: readonly string[],
  { env, asRootOfUser }: { readonly env: NodeJS.ProcessEnv; readonly asRootOfUser: boolean },
): ProgramInNamespaces {
  const namespaces = ['--net', '--mount', '--propagation', 'slave', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const [unshare, ...args] = unshareCommand(namespaces, asRootOfUser);
  const child = spawn(unshare, [...args, process.execPath, ...argv], {
    // Its own session: Ctrl-C reaches this process only.
    detached: true,
    cwd: '/',
    env: { ...env, [ORIGIN_VARIABLE]: String(ownNetworkNamespace().inode) },
    stdio: ['ignore', 'inherit', 'pipe', 'pipe'],
  });
  const line = child.stdio[STARTER_DESCRIPTOR];
  let hasBegun = false;
  line?.once('data', () => {
    hasBegun = true;
  });
  line?.on('error', () => {});
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return {
    end: new Promise((resolve) => {
      child.once('error', ({ message }) => resolve({ hasBegun: false, exitCode: null, stderr: message }));
      child.once('close', (exitCode) => resolve({ hasBegun, exitCode, stderr }));
    }),
    stop: () => line?.destroy(),
    pid: () => allPids().find((pid) => processStat(pid)?.parent === child.pid),
  };
}

/** Returns whether this process is the first one of namespaces that `startInNamespaces` created. */
export function isInOwnNamespaces(): boolean {
  const origin = process.env[ORIGIN_VARIABLE];
  return process.pid === 1 && origin !== undefined && origin !== String(ownNetworkNamespace().inode);
}

/** Ends this process as soon as its starter has ended. */
export function endWithStarter(): void {
  const starter = new Socket({ fd: STARTER_DESCRIPTOR, readable: true, writable: true });
  starter.on('error', () => {});
  starter.once('close', () => exitProcess(1));
  starter.resume();
  starter.write('begun');
  // The connection alone must not keep this process alive.
  starter.unref();
}
