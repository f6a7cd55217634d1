import type { Owner } from '../model/identity/owner.ts';
import type { Argv, NamespaceRef } from './command.ts';

/** A namespace that was found, with its inode. */
export interface FoundNamespace extends NamespaceRef {
  readonly inode: number;
}

/** The network namespace that is the host of a run. */
export interface HostNamespacePort {
  /** @throws WfError E_NAMESPACE_GONE, E_HOST_STATE_UNKNOWN */
  own(): FoundNamespace;
  /** The process with which it ends; null if it is the machine's own. */
  readonly holder: Owner | null;
  /** Returns the argument of `ip link set ... netns` for it. */
  wayTo(): string;
  /** Returns the commands to type on the machine for the same effect as these commands on the host of the run. */
  byHand(commands: readonly Argv[]): readonly Argv[];
}
