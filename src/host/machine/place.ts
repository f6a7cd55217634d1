import { existsSync } from 'node:fs';
import { WfError } from '../../engine/model/errors.ts';
import type { RunId } from '../../engine/model/ids.ts';
import type { PlaceNeeds, RunPlace } from '../../engine/ports/place.ts';
import { nameOfOwnNamespace, ownNetworkNamespace } from '../namespaces/namespace.ts';
import { networkNamespacesInUse } from '../namespaces/namespaces-in-use.ts';
import { networkNamespaceIsGone } from '../namespaces/network-namespace-is-gone.ts';
import { bootId, isOwnPidNamespace, ownPidNamespace, pidNamespaceIsGone } from '../processes/process.ts';

type FixedPlace = Omit<RunPlace, 'folder'>;

/** The part of the place that never changes for a process, unlike its working directory. */
let fixed: FixedPlace | undefined;

/** Returns the place of this process. @throws WfError E_USAGE if its working directory is gone */
export function ownPlace(): RunPlace {
  fixed ??= {
    bootId: bootId(),
    networkNamespace: { inode: ownNetworkNamespace().inode, name: nameOfOwnNamespace() },
    pidNamespace: ownPidNamespace(),
    user: process.geteuid?.() ?? 0,
  };
  return { ...fixed, folder: ownFolder() };
}

function ownFolder(): string {
  try {
    return process.cwd();
  } catch (cause) {
    throw new WfError('E_USAGE', 'the working directory does not exist', {
      hint: 'Change to an existing directory.',
      cause,
    });
  }
}

/** Refuses to work on a run in another place than where it started. @throws WfError E_WRONG_PLACE naming that place */
export function requireSamePlace(run: RunId, started: RunPlace, { network, folderAndUser }: PlaceNeeds): void {
  const here = ownPlace();
  const sameBoot = started.bootId === here.bootId;
  if (sameBoot && !isOwnPidNamespace(started.pidNamespace) && !pidNamespaceIsGone(started.pidNamespace)) {
    throw wrongPlace(run, started, here, {
      where: `in the PID namespace ${started.pidNamespace}`,
      here: `in ${here.pidNamespace}, where the processes of the run are not identifiable`,
      hint: 'Run the command in that container or namespace; or as root on the machine itself, after it has ended.',
    });
  }
  if (network && !isSameNetwork(started, here)) throw otherNetwork(run, started, here);
  if (!folderAndUser) return;
  if (started.user !== here.user) {
    throw wrongPlace(run, started, here, {
      where: `by user ${started.user}`,
      here: `as user ${here.user}: commands of a run need the user who started it`,
      hint: `Run the command as that user with \`sudo -u '#${started.user}' wf ...\`.`,
    });
  }
  if (existsSync(started.folder)) return;
  throw wrongPlace(run, started, here, {
    where: `in ${started.folder}`,
    here: 'where that directory does not exist: commands of a run need the directory in which it started',
    hint: `Restore ${started.folder} with the files that its commands need.`,
  });
}

/** Inode numbers are valid for one boot: after a reboot the name identifies a namespace, and an unnamed one is gone with its contents. */
function isSameNetwork({ bootId: boot, networkNamespace: { inode, name } }: RunPlace, here: RunPlace): boolean {
  if (boot !== here.bootId) return name === null || name === here.networkNamespace.name;
  return inode === here.networkNamespace.inode || networkNamespaceIsGone(inode);
}

function otherNetwork(run: RunId, started: RunPlace, here: RunPlace): WfError {
  const { inode, name } = started.networkNamespace;
  const sameBoot = started.bootId === here.bootId;
  const pid = sameBoot && name === null ? networkNamespacesInUse().get(inode)?.[0]?.process.pid : undefined;
  const path = name ?? (pid === undefined ? null : `/proc/${pid}/ns/net`);
  return wrongPlace(run, started, here, {
    where: `in the network namespace ${path ?? inode}${path === null || !sameBoot ? '' : ` (${inode})`}`,
    here: `in ${here.networkNamespace.name ?? here.networkNamespace.inode}, where the run's objects are not visible`,
    hint:
      path === null
        ? `Run the command in the network namespace ${inode}: \`lsns --type net\` as root lists its processes.`
        : `Run the command there with \`nsenter --net=${path} wf ...\`.`,
  });
}

interface Difference {
  readonly where: string;
  readonly here: string;
  readonly hint: string;
}

function wrongPlace(run: RunId, started: RunPlace, here: RunPlace, { where, here: now, hint }: Difference): WfError {
  return new WfError('E_WRONG_PLACE', `run ${run} was started ${where}, and wf runs ${now}`, {
    hint: `Nothing was touched. ${hint}`,
    details: { started: { ...started }, here: { ...here } },
  });
}
