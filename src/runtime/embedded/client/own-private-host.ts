import { lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { WfError } from '../../../engine/model/errors.ts';
import { type PrivateHostIdentity, runOfPrivateHostMark } from '../../../engine/ports/runtime.ts';
import { isOwnPidNamespace, ownUserId, userOfProcess } from '../../../host/processes/process.ts';
import { SOCKET_PATH } from '../protocol/names.ts';

/**
 * Refuses another user's private host, even for root: a request reveals commands and environment to its owner, who can also trace a
 * process that enters its namespaces.
 * @throws WfError E_PERMISSION; E_WRONG_PLACE in another PID namespace
 */
export function requireOwnPrivateHost(mark: string, { process, user }: PrivateHostIdentity): void {
  const { pidNamespace } = process;
  const run = runOfPrivateHostMark(mark);
  if (pidNamespace !== undefined && !isOwnPidNamespace(pidNamespace)) {
    throw new WfError('E_WRONG_PLACE', `the private host of run ${run} is in the PID namespace ${pidNamespace}`, {
      hint: 'Run the command in that namespace: wf cannot reach it from here. wf touched nothing.',
    });
  }
  const own = ownUserId();
  if (user === own && userOfProcess(process.pid) === own) return;
  throw new WfError(
    'E_PERMISSION',
    `the private host of run ${run} belongs to user ${user}, and wf runs as user ${own}`,
    {
      hint: `Run the command as user ${user} with \`sudo -u '#${user}' wf ...\`. wf touched nothing.`,
    },
  );
}

/**
 * Checks that a private host's socket belongs to this user, in a folder that no other user can enter, and returns its path.
 * @throws WfError E_PERMISSION; the system's error if it does not exist
 */
export function ownSocketOf(pid: number): string {
  const path = `/proc/${pid}/root${SOCKET_PATH}`;
  const [folder, socket] = [lstatSync(dirname(path)), lstatSync(path)];
  const own = ownUserId();
  const isOwn = folder.isDirectory() && socket.isSocket() && folder.uid === own && socket.uid === own;
  if (isOwn && (folder.mode & 0o077) === 0) return path;
  throw new WfError('E_PERMISSION', `${path} is not a socket that only user ${own} can reach`, {
    hint: `Inspect process ${pid} with \`ps -fp ${pid}\`: it is no private host of yours. wf sent it no request.`,
  });
}
