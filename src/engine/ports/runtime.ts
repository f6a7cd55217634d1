import type { RunId } from '../model/ids.ts';
import type { Owner } from '../model/owner.ts';
import type { PreflightFinding } from '../run/engine.ts';
import type { HostPorts } from '../workflow/step.ts';
import type { Argv } from './command.ts';
import type { ContainerInfo } from './docker.ts';
import type { FingerprintPort } from './fingerprint.ts';
import type { PlaceNeeds, RunPlace } from './place.ts';

/** What provides networks and containers. */
export const RUNTIME_NAMES = ['docker', 'embedded'] as const;
export type RuntimeName = (typeof RUNTIME_NAMES)[number];

/** What tells a run from every other one, of whatever database. */
export interface RunIdentity {
  readonly id: RunId;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** A private host as the journal knows it: any process can carry its mark. */
export interface PrivateHostIdentity {
  /** The first process in it. */
  readonly process: Owner;
  /** The user id that made it, as the machine counts them. */
  readonly user: number;
}

/** What the processes of a private host are marked with. The moment tells runs of one id apart, which two databases may have. */
export function privateHostMark({ id, createdAt }: RunIdentity): string {
  return `${id}@${createdAt}`;
}

/** The run of such a mark, as text: whoever set it may have been somebody else. */
export function runOfPrivateHostMark(mark: string): string {
  return mark.split('@')[0] ?? mark;
}

/** The host that a run changes: the machine itself, or a private host of the run's own. */
export interface RunHost {
  readonly ports: HostPorts;
  /** Of this host. */
  readonly fingerprints: FingerprintPort;
  /**
   * The run is this process's: nothing that an earlier one has asked a host of the run's own for is carried out any more, and its
   * commands have ended. A host that other processes change too answers at once: there they are found by their marks.
   */
  claim(): Promise<void>;
  /** A host of the run's own, to be journaled before it is kept; null where that is the machine. */
  identity(): PrivateHostIdentity | null;
  /** Whether this process has made it, and it is empty therefore: what was on an earlier host of the run's own is gone. */
  isNew(): boolean;
  /** The run is in the history: from now on a host of its own survives this process. */
  keep(): Promise<void>;
  /**
   * Where a host of the run's own has ended meanwhile, with all that was in it, an empty one takes its place: so that what
   * stood is seen to be gone, and what the host is like without it. Otherwise nothing is done. Answers whether it was so.
   */
  renew(): Promise<boolean>;
  /** Nothing of the run is left: a host of its own ends. Succeeds when it has ended already. */
  end(): Promise<void>;
  /** Lets go of it and leaves it as it is; one that was never to be kept ends. */
  close(): void;
}

/** The host of a run that nobody may be advancing, for whoever wants to look around in it. */
export interface FoundHost {
  /** The containers that carry the run's mark. */
  containers(): Promise<readonly ContainerInfo[]>;
  /** The command line that does `argv` on the host, or in a container of it. */
  enter(argv: Argv, container: ContainerInfo | null): Argv;
  close(): void;
}

/** What runs are carried out on. Both runtimes keep the same promises: `test/contract` holds them to it. */
export interface Runtime {
  readonly name: RuntimeName;
  /** Names where names are used up, so that claims of two places do not collide; null where each run has a host of its own. */
  readonly scope: string | null;
  /** What this machine has and lacks of what this runtime needs; looks, and touches nothing. */
  checkMachine(): Promise<readonly PreflightFinding[]>;
  /**
   * The host of a run: where the one of its own that its journal names still lives, that one, else a new one.
   * @throws WfError E_RUNTIME_UNAVAILABLE, E_TOOL_MISSING where this machine cannot provide it; E_PERMISSION where another user
   * made the one that lives.
   */
  open(run: RunIdentity, recorded: PrivateHostIdentity | null): Promise<RunHost>;
  /**
   * Refuses to resume or undo a run elsewhere than where it was started; observes, and touches nothing.
   * @throws WfError E_WRONG_PLACE naming the right place
   */
  requirePlace(run: RunId, started: RunPlace, needs: Pick<PlaceNeeds, 'folderAndUser'>): void;
  /**
   * The way into the host that a run has left standing; makes nothing.
   * @throws WfError E_NAMESPACE_GONE where it is gone; E_PERMISSION where another user made it
   */
  find(run: RunIdentity, recorded: PrivateHostIdentity | null): Promise<FoundHost>;
}

export type Runtimes = { readonly [Name in RuntimeName]: Runtime };
