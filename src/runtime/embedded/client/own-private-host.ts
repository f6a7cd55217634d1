import { lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { WfError } from '../../../engine/model/errors.ts';
import { type PrivateHostIdentity, runOfPrivateHostMark } from '../../../engine/ports/runtime.ts';
import { isOwnPidNamespace, ownUserId, userOfProcess } from '../../../host/processes/process.ts';
import { SOCKET_PATH } from '../protocol/names.ts';

/**
 * Whoever asks something of another user's private host gives it his commands and his environment, and a process that enters that
 * user's namespaces can be traced by its owner: root too is refused.
 * @throws WfError E_PERMISSION; E_WRONG_PLACE in another PID namespace
 */
export function requireOwnPrivateHost(mark: string, { process, user }: PrivateHostIdentity): void {
  const { pidNamespace } = process;
  const run = runOfPrivateHostMark(mark);
  if (pidNamespace !== undefined && !isOwnPidNamespace(pidNamespace)) {
    throw new WfError('E_WRONG_PLACE', `the private host of run ${run} is in the PID namespace ${pidNamespace}`, {
      hint: 'Run the same in there: from here wf can neither see nor reach it. Nothing was touched.',
    });
  }
  const own = ownUserId();
  if (user === own && userOfProcess(process.pid) === own) return;
  throw new WfError(
    'E_PERMISSION',
    `the private host of run ${run} belongs to user ${user}, and wf runs as user ${own}`,
    {
      hint: `Run the same as user ${user}: \`sudo -u '#${user}' wf ...\`. Nothing was touched.`,
    },
  );
}

/**
 * The path of a private host's socket, found to be its user's own, in a folder that nobody else can enter: whoever listens there was
 * let in by that user.
 * @throws WfError E_PERMISSION; the system's error where it is not there
 */
export function ownSocketOf(pid: number): string {
  const path = `/proc/${pid}/root${SOCKET_PATH}`;
  const [folder, socket] = [lstatSync(dirname(path)), lstatSync(path)];
  const own = ownUserId();
  const isOwn = folder.isDirectory() && socket.isSocket() && folder.uid === own && socket.uid === own;
  if (isOwn && (folder.mode & 0o077) === 0) return path;
  throw new WfError('E_PERMISSION', `${path} is not a socket that only user ${own} can reach`, {
    hint: `Look at process ${pid} with \`ps -fp ${pid}\`: it is no private host of yours. Nothing was asked of it.`,
  });
}
