/** The state of an engine in a swarm, in its own words: `pending` while it joins or starts, `error` if that failed. */
export type SwarmLocalState = 'inactive' | 'pending' | 'active' | 'error' | 'locked';

export interface SwarmCluster {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly dataPathPort: number;
}

/** State of an engine, and the swarm that it is in. */
export interface SwarmState {
  readonly state: SwarmLocalState;
  /** Id of its node; null if it is in no swarm. */
  readonly node: string | null;
  /** Address that it advertises to the other nodes. */
  readonly address: string | null;
  readonly isManager: boolean;
  /** The swarm; null on a worker, which does not know it. */
  readonly cluster: SwarmCluster | null;
  /** Why it cannot join or start. */
  readonly error: string | null;
}

export const NO_SWARM: SwarmState = {
  state: 'inactive',
  node: null,
  address: null,
  isManager: false,
  cluster: null,
  error: null,
};

export type SwarmRole = 'worker' | 'manager';

/** A node in the list of a manager. */
export interface SwarmNode {
  readonly id: string;
  readonly hostname: string;
  readonly role: SwarmRole;
  /** `active`, `pause` or `drain`. */
  readonly availability: string;
  /** `ready`, `down`, `disconnected` or `unknown`. */
  readonly state: string;
  /** Reachability of a manager: `reachable`, `unreachable` or `unknown`; null for a worker. */
  readonly reachability: string | null;
  readonly isLeader: boolean;
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface SwarmSpec {
  readonly advertiseAddress: string;
  readonly listenAddress: string | null;
  readonly dataPathPort: number;
  /** Pool for the subnets of overlay networks; null leaves it to the engine. */
  readonly subnetPool: string | null;
  readonly labels: Readonly<Record<string, string>>;
}

/** A secret that only `reveal` returns: no log, journal or JSON document contains it by accident. */
export interface JoinToken {
  reveal(): string;
}

export interface JoinSpec {
  readonly token: JoinToken;
  readonly managerAddress: string;
  readonly advertiseAddress: string;
  readonly listenAddress: string | null;
}

/** An object of a swarm that is on no single node. */
export interface SwarmService {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** The requests about swarms that wf makes to an engine. Errors are those of DockerPort. */
export interface SwarmPort {
  state(): Promise<SwarmState>;
  /** Returns the id of the node. */
  init(spec: SwarmSpec): Promise<string>;
  /** @throws WfError E_SWARM_JOIN if the manager does not answer or refuses the token; the engine may keep trying until `leave` */
  join(spec: JoinSpec): Promise<void>;
  /** Leaves the swarm, or gives up joining one; succeeds if the engine is in none. */
  leave(): Promise<void>;
  /** Reads a secret of the manager. */
  joinToken(role: SwarmRole): Promise<JoinToken>;
  /** Only a manager has the list. */
  nodes(): Promise<readonly SwarmNode[]>;
  /** Adds labels to a node, and sets its role. */
  updateNode(id: string, changed: Partial<Pick<SwarmNode, 'role' | 'labels'>>): Promise<void>;
  /** Removes a node that has left from the list; succeeds if it is gone already. */
  removeNode(id: string): Promise<void>;
  services(): Promise<readonly SwarmService[]>;
}
