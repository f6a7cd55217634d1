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
 * @throws WfError E_NAMESPACE_GONE if the namespace of the start has ended; E_WRONG_PLACE if the path leads to another one, and that of the
 * start may still exist; E_HOST_STATE_UNKNOWN if the path leads to no namespace
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

/** An inode may be reused, and a renamed namespace has another time. A mismatch therefore does not mean "gone". */
function isSame(found: NamedNamespace, { inode, born }: OpenedNamespace): boolean {
  return found.inode === inode && (born === undefined || found.born === born);
}

/** Only a mounted namespace keeps the time of its inode. */
function identityOf(path: string, { inode, born }: NamedNamespace): Pick<OpenedNamespace, 'inode' | 'born'> {
  return path.startsWith('/proc/') ? { inode } : { inode, born };
}

/** Returns the identity of a host's namespace, which the run records. @throws WfError E_INPUT if the path leads to none */
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

/** Returns whether a command works from any namespace: it talks to an engine, or names its own namespace. */
function isElsewhere([program]: Argv): boolean {
  return program === 'docker' || program === 'nsenter';
}
