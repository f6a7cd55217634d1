import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { type Clock, pause } from '../../../engine/ports/clock.ts';
import { toolFolders } from '../../../host/commands/tool-folders.ts';
import { ownNetworkNamespace } from '../../../host/namespaces/namespace.ts';
import { unshareCommand } from '../../../host/namespaces/unshare-command.ts';
import { processOf } from '../../../host/processes/process.ts';
import { helloAnswer } from '../protocol/answers.ts';
import { FOLLOWING_MOUNTS, ORIGIN_VARIABLE, PRIVATE_HOST_VARIABLE, STARTER_DESCRIPTOR } from '../protocol/names.ts';
import { endedAtItsStart, peerOn, privateHostGone } from './connection.ts';
import { namespacesRefused, needsUserNamespace, requireLinuxAndTools } from './namespace-support.ts';
import { openPrivateHost, type PrivateHost } from './private-host.ts';
import { privateHostProgram } from './program-path.ts';

/** A start takes less than 0.1 s on an idle machine; the rest is for an overloaded one. */
const START_LIMIT_MS = 30_000;
const END_LIMIT_MS = 5_000;
/** Message of unshare if a signal killed its child: it tries to end with the same signal, which fails for SIGKILL. */
const FIRST_PROCESS_KILLED = /sigprocmask unblock failed/;

/**
 * Starts a private host. Until `keep` it ends with this process, however that ends.
 * @param mark unique among live private hosts
 * @throws WfError E_RUNTIME_UNAVAILABLE, E_TOOL_MISSING if this machine cannot do it
 */
export async function startPrivateHost(mark: string, clock: Clock): Promise<PrivateHost> {
  requireLinuxAndTools();
  const namespaces = ['--net', ...FOLLOWING_MOUNTS, '--uts', '--pid', '--fork', '--kill-child'];
  const [unshare, ...args] = unshareCommand(namespaces, needsUserNamespace());
  const child = spawn(unshare, [...args, process.execPath, privateHostProgram()], {
    // In its own session, so that Ctrl-C on wf's terminal does not reach it.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    // Without wf's own environment, which may contain secrets.
    env: {
      PATH: toolFolders().join(':'),
      LC_ALL: 'C',
      [PRIVATE_HOST_VARIABLE]: mark,
      [ORIGIN_VARIABLE]: String(ownNetworkNamespace().inode),
    },
    cwd: '/',
  });
  // Missing if no descriptor is left for a pipe.
  const pipes: ChildProcess['stdio'] | undefined = child.stdio;
  const line = pipes?.[STARTER_DESCRIPTOR];
  let output = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => {
    child.once('error', (error) => {
      output += error.message;
      resolve(null);
    });
    // Resolves after all output has been read.
    child.once('close', (_exitCode, signal) => resolve(signal));
  });
  const refused = ended.then((signal) => {
    throw signal !== null || FIRST_PROCESS_KILLED.test(output) ? endedAtItsStart(mark) : namespacesRefused(output);
  });
  refused.catch(() => undefined);
  if (!(line instanceof Socket)) return await refused;
  const peer = peerOn(line, mark);
  try {
    const answer = await peer.call('hello', {}, START_LIMIT_MS).catch((thrown: unknown) => {
      // The program ended before its first message: unshare has printed the reason.
      if (peer.isGone()) return refused;
      throw thrown;
    });
    const owner = processOf(helloAnswer.parse(answer).pid);
    if (owner === undefined) throw privateHostGone(mark);
    const host = openPrivateHost(mark, owner, peer);
    child.stderr?.destroy();
    child.unref();
    return host;
  } catch (thrown) {
    peer.close();
    // It ends itself without its starter.
    const over = new AbortController();
    await Promise.race([ended, pause(clock, END_LIMIT_MS, over.signal)]);
    over.abort();
    throw thrown;
  }
}
