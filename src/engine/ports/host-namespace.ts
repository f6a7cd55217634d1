import type { Owner } from '../model/owner.ts';
import type { Argv, NamespaceRef } from './command.ts';

/** A namespace that is known to have been there, with the inode that it had. */
export interface FoundNamespace extends NamespaceRef {
  readonly inode: number;
}

/** The network namespace that a run calls the host. */
export interface HostNamespacePort {
  /** @throws WfError E_NAMESPACE_GONE, E_HOST_STATE_UNKNOWN */
  own(): FoundNamespace;
  /** The process that it ends with, and all that is in it; null where that is the machine. */
  readonly holder: Owner | null;
  /** What a person gives to `ip link set ... netns` to mean it. */
  wayTo(): string;
  /** What a person types on the machine to have the same done as by these commands on the run's host. */
  byHand(commands: readonly Argv[]): readonly Argv[];
}
