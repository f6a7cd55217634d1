import type { Owner } from '../model/identity/owner.ts';
import type { RunId } from '../model/ids.ts';
import type { NamedHosts } from '../model/named-host.ts';
import type { PreflightFinding } from '../run/engine.ts';
import type { HostPorts } from '../workflow/step.ts';
import type { Argv } from './command.ts';
import type { ContainerInfo } from './docker.ts';
import type { FingerprintPort } from './fingerprint.ts';
import type { PlaceNeeds, RunPlace } from './place.ts';

/** Names of the runtimes, which provide networks and containers. */
export const RUNTIME_NAMES = ['docker', 'embedded'] as const;
export type RuntimeName = (typeof RUNTIME_NAMES)[number];

/** The identity of a run among those of all databases. */
export interface RunIdentity {
  readonly id: RunId;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** The identity of a private host in the journal: its mark alone proves nothing, as any process can carry it. */
export interface PrivateHostIdentity {
  /** The first process in it. */
  readonly process: Owner;
  /** The id of the user who made it, outside of all user namespaces. */
  readonly user: number;
}

/** Returns the mark of the processes of a private host. The time of creation differs for runs of one id in two databases. */
export function privateHostMark({ id, createdAt }: RunIdentity): string {
  return `${id}@${createdAt}`;
}

/** Returns the run id in such a mark, as unchecked text: another program may have set it. */
export function runOfPrivateHostMark(mark: string): string {
  return mark.split('@')[0] ?? mark;
}

/** The host that a run changes: the machine itself, or a private host. */
export interface RunHost {
  readonly ports: HostPorts;
  /** Fingerprints of the host and its named hosts: the subjects of their differences begin with the name. */
  readonly fingerprints: FingerprintPort;
  /**
   * Opens the named hosts of the run, and creates those of the runtime unless they exist. `renew` creates them again. Returns the hosts
   * as the run keeps them, with the identities of given namespaces.
   * @throws WfError E_RUNTIME_UNAVAILABLE if the runtime cannot provide one
   */
  provide(hosts: NamedHosts): Promise<NamedHosts>;
  /** Returns the ports of a named host. @throws WfError E_WORKFLOW_INVALID if the run has no such host */
  named(name: string): HostPorts;
  /**
   * Claims a private host for this process: ends all requests and commands of an earlier one. Does nothing on the machine, where marks
   * identify them.
   */
  claim(): Promise<void>;
  /** Returns the identity of a private host, to be journaled before `keep`; null if the run has none. */
  identity(): PrivateHostIdentity | null;
  /** Whether this process has created the host: the changes on an earlier private host of the run are then gone. */
  isNew(): boolean;
  /** Lets a private host survive this process. Called once the run is in the history. */
  keep(): Promise<void>;
  /** Replaces a private host that has ended by an empty one, so that its changes are observed to be gone. Returns whether it did. */
  renew(): Promise<boolean>;
  /** Ends a private host, once nothing of the run is left; succeeds if it has ended already. */
  end(): Promise<void>;
  /** Disconnects from the host and leaves it as it is; a private host that was not kept ends. */
  close(): void;
}

/** The host of a run as `wf shell` enters it, whether or not a process advances the run. */
export interface FoundHost {
  /** Returns the containers that carry the mark of the run. */
  containers(): Promise<readonly ContainerInfo[]>;
  /** Returns the command line that runs `argv` on the host, or in one of its containers. */
  enter(argv: Argv, container: ContainerInfo | null): Argv;
  /** Opens a named host of the run. */
  named(name: string): Promise<Pick<FoundHost, 'containers' | 'enter'>>;
  close(): void;
}

/** A provider of hosts for runs. `test/contract` tests both runtimes against the same contract. */
export interface Runtime {
  readonly name: RuntimeName;
  /** The scope in which names of objects are unique, as part of claims; null if each run has a private host. */
  readonly scope: string | null;
  /**
   * Checks whether this machine meets the requirements of this runtime for a run with these named hosts. If they have engines, the
   * requirements of the workflow decide whether the machine needs one too. Touches nothing.
   */
  checkMachine(hosts: NamedHosts): Promise<readonly PreflightFinding[]>;
  /**
   * Opens the host of a run: the recorded private host if it is alive, else a new one.
   * @throws WfError E_RUNTIME_UNAVAILABLE, E_TOOL_MISSING if this machine cannot provide it; E_PERMISSION if another user made the
   * living one
   */
  open(run: RunIdentity, recorded: PrivateHostIdentity | null): Promise<RunHost>;
  /**
   * Refuses to resume or undo a run elsewhere than where it was started. Touches nothing.
   * @throws WfError E_WRONG_PLACE naming the right place
   */
  requirePlace(run: RunId, started: RunPlace, needs: Pick<PlaceNeeds, 'folderAndUser'>): void;
  /**
   * Finds the existing host of a run, and creates none.
   * @throws WfError E_NAMESPACE_GONE if it is gone; E_PERMISSION if another user made it
   */
  find(run: RunIdentity, hosts: NamedHosts, recorded: PrivateHostIdentity | null): Promise<FoundHost>;
}

export type Runtimes = { readonly [Name in RuntimeName]: Runtime };
