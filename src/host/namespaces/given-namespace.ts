import { WfError } from '../../engine/model/errors.ts';
import type { OpenedNamespace } from '../../engine/model/named-host.ts';
import type { Argv } from '../../engine/ports/command.ts';
import type { FoundNamespace, HostNamespacePort } from '../../engine/ports/host-namespace.ts';
import { bootId } from '../processes/process.ts';
import { findNamedNamespace, type NamedNamespace } from './named-namespace.ts';
import { networkNamespaceIsGone } from './network-namespace-is-gone.ts';

/** A network namespace of this machine that is the host of a run. */
interface GivenNamespace {
  /** Absolute path that leads to it. */
  readonly path: string;
  /** Its identity when the run started; undefined before that. */
  readonly opened?: OpenedNamespace | undefined;
}

/**
 * Returns the namespace that the path leads to now.
 * @throws WfError E_NAMESPACE_GONE if it is another one than at the start of the run, which has ended; E_WRONG_PLACE if that one is still
 * there, or may be; E_HOST_STATE_UNKNOWN if the path leads nowhere
 */
export function findGivenNamespace({ path, opened }: GivenNamespace): FoundNamespace {
  const found = findNamedNamespace(path);
  const isSameBoot = opened?.bootId === bootId();
  const isExpected = found !== null && found !== 'file' && (!isSameBoot || isSame(found, opened));
  if (isExpected) return { path, ...identityOf(path, found), process: null };
  if (opened !== undefined && (!isSameBoot || networkNamespaceIsGone(opened.inode))) {
    throw new WfError('E_NAMESPACE_GONE', `the network namespace ${path} is gone, with everything in it`, {
      hint: 'Undo the run with `wf rollback RUN`, then start it again.',
    });
  }
  if (found === null || found === 'file') {
    throw new WfError('E_HOST_STATE_UNKNOWN', `${path} is not a network namespace`, {
      hint: NAMES,
    });
  }
  throw new WfError('E_WRONG_PLACE', `${path} leads to another network namespace than when the run started`, {
    hint: `Nothing was touched. Find a process in namespace ${opened?.inode} with \`lsns --type net\`, and name it again with \`ip netns attach\`. If there is none, settle the changes with \`wf settle RUN CHANGE --as gone\`.`,
  });
}

/** An inode may be reused, and a namespace that was named again is the same with another time: that is not "gone". */
function isSame(found: NamedNamespace, { inode, born }: OpenedNamespace): boolean {
  return found.inode === inode && (born === undefined || found.born === born);
}

/** Only a file that the namespace is mounted on keeps the time of its inode. */
function identityOf(path: string, { inode, born }: NamedNamespace): Pick<OpenedNamespace, 'inode' | 'born'> {
  return path.startsWith('/proc/') ? { inode } : { inode, born };
}

/** Returns the identity of the namespace of a host, which the run keeps. @throws WfError E_INPUT if the path leads to none */
export function openedNamespace(path: string): OpenedNamespace {
  const found = findNamedNamespace(path);
  if (found !== null && found !== 'file') return { ...identityOf(path, found), bootId: bootId() };
  const problem = found === null ? 'does not exist' : 'is not a network namespace';
  throw new WfError('E_INPUT', `${path} ${problem}`, { hint: NAMES });
}

const NAMES = 'List the named network namespaces with `ip netns list`; the path of one is `/run/netns/NAME`.';

/** Creates the port of a given network namespace. */
export function givenNamespace(namespace: GivenNamespace): HostNamespacePort {
  const { path } = namespace;
  return {
    own: () => findGivenNamespace(namespace),
    holder: null,
    wayTo: () => path,
    byHand: (commands) => commands.map((argv) => (isElsewhere(argv) ? argv : ['nsenter', `--net=${path}`, ...argv])),
  };
}

/** Whether a command works in any namespace: on an engine, or in a namespace that it names itself. */
function isElsewhere([program]: Argv): boolean {
  return program === 'docker' || program === 'nsenter';
}
