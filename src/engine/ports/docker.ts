import type { Argv, CommandOptions, CommandResult } from './command.ts';
import type { SwarmPort } from './swarm.ts';

/** The facts about an engine that wf needs. */
export interface EngineInfo {
  /** The engine's own id, different for each engine. */
  readonly id: string;
  readonly version: string;
  readonly apiVersion: string;
  readonly operatingSystem: string;
  readonly rootless: boolean;
  /** The endpoint and its source, e.g. `unix:///var/run/docker.sock (default)`. */
  readonly endpoint: string;
}

export interface ImageInfo {
  readonly id: string;
  readonly tags: readonly string[];
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface SubnetInfo {
  readonly subnet: string;
  readonly gateway: string | null;
}

export interface NetworkMember {
  readonly containerId: string;
  readonly name: string;
  readonly mac: string;
  /** With prefix length, e.g. `172.18.0.2/16`; null while the container is not running. */
  readonly ipv4: string | null;
}

export interface NetworkInfo {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly scope: string;
  readonly internal: boolean;
  readonly subnets: readonly SubnetInfo[];
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly members: readonly NetworkMember[];
}

export interface ContainerEndpoint {
  readonly network: string;
  /** Empty before the container is started for the first time. */
  readonly networkId: string;
  readonly ipv4: string | null;
  readonly prefixLength: number | null;
  readonly mac: string | null;
  readonly gateway: string | null;
  /** Differs after each connection and each start; null while the container does not run. Absent on a private host. */
  readonly endpointId?: string | null;
  /** The address that was asked for; null if the engine chose it. */
  readonly fixedIpv4?: string | null;
  readonly aliases?: readonly string[];
  /** Options of its connection, which include the mark of wf. */
  readonly options?: Readonly<Record<string, string>>;
}

/** A port of a container that the engine publishes on addresses of its machine. */
export interface PublishedPort {
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp';
  readonly hostAddress: string;
  /** Null if the engine chooses it at each start. */
  readonly hostPort: number | null;
}

export type Mount =
  | { readonly type: 'bind'; readonly source: string; readonly target: string; readonly readOnly: boolean }
  | { readonly type: 'volume'; readonly source: string; readonly target: string; readonly readOnly: boolean }
  | { readonly type: 'tmpfs'; readonly target: string; readonly sizeBytes: number | null };

export interface HealthCheck {
  readonly argv: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly startPeriodMs: number;
  readonly retries: number;
}

/** Options of a container. */
export interface ContainerOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly PublishedPort[];
  readonly mounts: readonly Mount[];
  /** Limits; null for none. */
  readonly resources: {
    readonly memoryBytes: number | null;
    readonly cpus: number | null;
    readonly pids: number | null;
  };
  readonly restart: {
    readonly policy: 'no' | 'on-failure' | 'always' | 'unless-stopped';
    readonly maxRetries: number;
  };
  /** Null leaves the health check to the image. */
  readonly healthCheck: HealthCheck | null;
}

export interface ContainerInfo {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  /** Without the label of a run if the image carries it too: a container of that image inherits it from `docker commit`. */
  readonly labels: Readonly<Record<string, string>>;
  /** The run that its label names if its image is gone: the label may come from the image, and is not among `labels`. */
  readonly doubtfulRun?: string;
  readonly running: boolean;
  readonly status: string;
  /** Pid of its first process on the host; 0 when it is not running. */
  readonly pid: number;
  /** As Docker reports it, to the nanosecond: another value means another start, and so another namespace. */
  readonly startedAt: string;
  readonly exitCode: number;
  readonly endpoints: readonly ContainerEndpoint[];
  /** File of the engine that keeps its network namespace; null if it has none. Absent on a private host. */
  readonly sandbox?: string | null;
  /** The id of the container whose network namespace it shares (`--network container:ID`). */
  readonly joins?: string;
  /** As the engine has stored them; the variables and labels of its image are among them. Absent on a private host. */
  readonly options?: ContainerOptions;
  /** Ports that it publishes now. */
  readonly published?: readonly PublishedPort[];
  /** The last result of its health check; null if it has none. */
  readonly health?: ContainerHealth | null;
}

export interface ContainerHealth {
  /** In the words of the engine: `starting`, `healthy` or `unhealthy`. */
  readonly status: string;
  /** Output of the last check. */
  readonly output: string;
}

/** A network in a list. */
export type ListedNetwork = Omit<NetworkInfo, 'members'>;

/** A container in a list. */
export interface ListedContainer {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  /** Stays the same if the image's tag moves to another image. */
  readonly imageId: string;
  /** As those of ContainerInfo. */
  readonly labels: Readonly<Record<string, string>>;
  readonly running: boolean;
  readonly status: string;
  /** Names of the networks that it is attached to. */
  readonly networks: readonly string[];
  /** Names of its volumes; absent on a private host. */
  readonly volumes?: readonly string[];
  /** Ports that it publishes now; absent on a private host. */
  readonly published?: readonly PublishedPort[];
}

export interface VolumeInfo {
  readonly name: string;
  readonly driver: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  /** Folder on the engine's machine that holds its data. */
  readonly mountpoint: string;
  /** Time of its creation, or, on engines before 24, of the last change of its folder; null if unknown. */
  readonly createdAt: string | null;
}

export interface VolumeSpec {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A connection of a container to a network. */
export interface EndpointSpec {
  readonly containerId: string;
  readonly networkId: string;
  readonly ipv4: string | null;
  readonly aliases: readonly string[];
  /** Options of the connection: its mark. */
  readonly options: Readonly<Record<string, string>>;
}

/** Credentials for a registry, which no log or error contains. */
export interface RegistryCredentials {
  readonly username: string;
  readonly password: string;
}

export interface ContainerCommandOptions
  extends Pick<CommandOptions, 'timeoutMs' | 'signal' | 'stdin' | 'env' | 'maxOutputBytes'> {
  /** User and group in the container, as `docker exec --user` takes them; null is that of the container. */
  readonly user: string | null;
  /** Working directory in the container; null is that of the container. */
  readonly cwd: string | null;
}

export interface NetworkSpec {
  readonly name: string;
  readonly subnet: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** `bridge` if absent. */
  readonly driver?: 'bridge' | 'overlay';
  /** Options of the driver. */
  readonly options?: Readonly<Record<string, string>>;
  /** Whether containers that are no tasks of a service may use an overlay network. */
  readonly attachable?: boolean;
}

export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly networkId: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Whether the engine resolves names without a dot itself only, and asks no other name server. */
  readonly keepsNamesLocal?: boolean;
  /** Absent on a private host, which has none. */
  readonly options?: ContainerOptions;
}

export interface ExecResult {
  readonly exitCode: number | null;
  /** stdout and stderr in the order they came, bounded. */
  readonly output: string;
  readonly timedOut: boolean;
}

/**
 * The requests that wf makes to an engine. Answers are parsed. `null` means that the engine answered "no such object"; any other failure
 * is a WfError (E_DOCKER_UNREACHABLE, E_DOCKER, E_NAME_IN_USE, E_SUBNET_IN_USE, E_IMAGE_UNAVAILABLE, E_PERMISSION), so that a failed
 * read is never taken for absence.
 */
export interface DockerPort {
  /** The source of the programs in a container: its image, or the machine. */
  readonly programs: 'image' | 'machine';
  /** Returns the commands that made or removed this network or container just now; empty if one docker command line does the same. */
  executedCommands(id: string): Promise<readonly string[]>;
  /** Returns the text by which evidence shows a docker command: its command line, or with a note that wf did the same. */
  shown(argv: Argv): string;
  info(): Promise<EngineInfo>;
  /** Returns the id of this engine, which it requests once. An object that one engine does not know may be on another. */
  engineId(): Promise<string>;
  /** Whether the engine with this id has ended for good, with all its objects. */
  hasEnded(engineId: string): boolean;
  image(reference: string): Promise<ImageInfo | null>;
  pullImage(
    reference: string,
    onProgress: (line: string) => void,
    signal: AbortSignal,
    credentials?: RegistryCredentials | null,
  ): Promise<void>;
  removeImage(reference: string): Promise<void>;
  /** Returns an image with its tag, as `docker save` writes it. */
  saveImage(reference: string): Promise<NodeJS.ReadableStream>;
  /** Loads images that `docker save` has written. */
  loadImages(saved: NodeJS.ReadableStream): Promise<void>;
  /** Sends one request, which succeeds even if the engine cannot inspect one of them. */
  listNetworks(): Promise<readonly ListedNetwork[]>;
  /** Sends one request for each network of this name, or for each network. */
  networks(name?: string): Promise<readonly NetworkInfo[]>;
  /** By id or by name; a name that several networks have is an error (E_DOCKER). */
  network(idOrName: string): Promise<NetworkInfo | null>;
  createNetwork(spec: NetworkSpec): Promise<{ readonly id: string }>;
  removeNetwork(id: string): Promise<void>;
  connectNetwork(endpoint: EndpointSpec): Promise<void>;
  /** Succeeds if container, network or connection is gone already. */
  disconnectNetwork(endpoint: Pick<EndpointSpec, 'containerId' | 'networkId'>): Promise<void>;
  volumes(): Promise<readonly VolumeInfo[]>;
  volume(name: string): Promise<VolumeInfo | null>;
  /** Returns the volume of this name, even if somebody else has created it: the engine then reports no error. */
  createVolume(spec: VolumeSpec): Promise<VolumeInfo>;
  /** Succeeds if it is gone already. */
  removeVolume(name: string): Promise<void>;
  /** Sends one request, which succeeds even if the engine cannot inspect one of them. */
  listContainers(): Promise<readonly ListedContainer[]>;
  containers(): Promise<readonly ContainerInfo[]>;
  container(idOrName: string): Promise<ContainerInfo | null>;
  createContainer(spec: ContainerSpec): Promise<{ readonly id: string }>;
  startContainer(id: string): Promise<void>;
  /** Returns the last lines that the container wrote to stdout and stderr, cut to a limit; empty if there is no such container. */
  logs(id: string, lastLines: number): Promise<string>;
  /** Kills and removes it, with its anonymous volumes unless they are kept; succeeds if it is gone already. */
  removeContainer(id: string, anonymousVolumes?: 'keep'): Promise<void>;
  /** Runs argv inside the container; the time-out ends it even if the stream never ends. */
  exec(id: string, argv: Argv, timeoutMs: number): Promise<ExecResult>;
  /**
   * Runs argv inside the container, with separate outputs; ends it at the time-out and when the signal is aborted.
   * @throws WfError E_ORPHAN_ALIVE if it cannot be ended: the engine has no request for that, and runs on another machine
   */
  execCommand(id: string, argv: Argv, options: ContainerCommandOptions): Promise<CommandResult>;
  /** Returns the commands that requests like these have started in the container, and that still run. */
  runningCommands(id: string): Promise<readonly Argv[]>;
  readonly swarm: SwarmPort;
}
