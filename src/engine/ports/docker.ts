import type { Argv } from './command.ts';

/** What wf needs to know of an engine. */
export interface EngineInfo {
  /** The engine's own id, which tells two engines apart. */
  readonly id: string;
  readonly version: string;
  readonly apiVersion: string;
  readonly operatingSystem: string;
  readonly rootless: boolean;
  /** Where it was found, e.g. `unix:///var/run/docker.sock (default)`. */
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
}

export interface ContainerInfo {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  /** Without a run's label that its image carries as well: a container of that image inherits it from `docker commit`. */
  readonly labels: Readonly<Record<string, string>>;
  /** The run that its label names if its image is gone: the label may be the image's, and is not among `labels`. */
  readonly doubtfulRun?: string;
  readonly running: boolean;
  readonly status: string;
  /** Pid of its first process on the host; 0 when it is not running. */
  readonly pid: number;
  /** As Docker says it, to the nanosecond: another value means another start, so another namespace. */
  readonly startedAt: string;
  readonly exitCode: number;
  readonly endpoints: readonly ContainerEndpoint[];
  /** The id of the container whose network namespace it shares (`--network container:ID`). */
  readonly joins?: string;
}

/** A network as a list shows it. */
export type ListedNetwork = Omit<NetworkInfo, 'members'>;

/** A container as a list shows it. */
export interface ListedContainer {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  /** Stays the same when the image's tag moves to another image. */
  readonly imageId: string;
  /** As those of ContainerInfo. */
  readonly labels: Readonly<Record<string, string>>;
  readonly running: boolean;
  readonly status: string;
  /** Names of the networks that it is attached to. */
  readonly networks: readonly string[];
}

export interface NetworkSpec {
  readonly name: string;
  readonly subnet: string | null;
  readonly labels: Readonly<Record<string, string>>;
}

export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly networkId: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The engine answers for names without a dot itself, and asks no other name server for them. */
  readonly keepsNamesLocal?: boolean;
}

export interface ExecResult {
  readonly exitCode: number | null;
  /** stdout and stderr in the order they came, bounded. */
  readonly output: string;
  readonly timedOut: boolean;
}

/**
 * The few calls wf makes to an engine. Answers are parsed. `null` means that the engine said "no such object";
 * every other trouble is a WfError (E_DOCKER_UNREACHABLE, E_DOCKER, E_NAME_IN_USE, E_SUBNET_IN_USE,
 * E_IMAGE_UNAVAILABLE, E_PERMISSION), so that a failed read is never taken for absence.
 */
export interface DockerPort {
  /** Whose programs are found in a container: those of its image, or those of the machine. */
  readonly programs: 'image' | 'machine';
  /** How this network or container was made or removed just now; empty where a client's command line says it all. */
  executedCommands(id: string): Promise<readonly string[]>;
  /** How evidence shows what the docker client would do: as its command line, or said to be done in its place. */
  shown(argv: Argv): string;
  info(): Promise<EngineInfo>;
  /** What tells this engine from every other one; asked for once. What one engine does not know, another one may have. */
  engineId(): Promise<string>;
  /** Whether the engine of this id has ended for good, and all that it had with it. */
  hasEnded(engineId: string): boolean;
  image(reference: string): Promise<ImageInfo | null>;
  pullImage(reference: string, onProgress: (line: string) => void, signal: AbortSignal): Promise<void>;
  removeImage(reference: string): Promise<void>;
  /** One request, which also answers if the engine cannot inspect one of them. */
  listNetworks(): Promise<readonly ListedNetwork[]>;
  networks(): Promise<readonly NetworkInfo[]>;
  /** By id or by name; a name that several networks have is an error (E_DOCKER). */
  network(idOrName: string): Promise<NetworkInfo | null>;
  createNetwork(spec: NetworkSpec): Promise<{ readonly id: string }>;
  removeNetwork(id: string): Promise<void>;
  /** One request, which also answers if the engine cannot inspect one of them. */
  listContainers(): Promise<readonly ListedContainer[]>;
  containers(): Promise<readonly ContainerInfo[]>;
  container(idOrName: string): Promise<ContainerInfo | null>;
  createContainer(spec: ContainerSpec): Promise<{ readonly id: string }>;
  startContainer(id: string): Promise<void>;
  /** The last lines that the container wrote to stdout and stderr, bounded; empty where there is no such container. */
  logs(id: string, lastLines: number): Promise<string>;
  /** Kills and removes it, with its anonymous volumes unless they are to be kept; succeeds when it is gone already. */
  removeContainer(id: string, anonymousVolumes?: 'keep'): Promise<void>;
  /** Runs argv inside the container; ended by its own deadline even when the stream never ends. */
  exec(id: string, argv: Argv, timeoutMs: number): Promise<ExecResult>;
}
