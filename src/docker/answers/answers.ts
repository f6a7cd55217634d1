import { z } from 'zod';
import { lazy } from '../../engine/model/lazy.ts';
import type {
  ContainerEndpoint,
  ContainerHealth,
  ContainerInfo,
  ImageInfo,
  ListedContainer,
  NetworkInfo,
  NetworkMember,
  PublishedPort,
  SubnetInfo,
  VolumeInfo,
} from '../../engine/ports/docker.ts';
import { optionMembers, optionsOf, portBindings } from '../container-options.ts';

// Depending on its version, the engine sends null, an empty string or no field for a missing value.
const text = lazy(() =>
  z
    .string()
    .nullish()
    .transform((value) => (value === undefined || value === '' ? null : value)),
);
const words = lazy(() =>
  z
    .union([z.array(z.string()), z.string().transform((word) => [word])])
    .nullish()
    .transform((value) => value ?? []),
);
const stringMap = lazy(() =>
  z
    .record(z.string(), z.string())
    .nullish()
    .transform((value) => value ?? {}),
);

export const infoAnswer = lazy(() =>
  z.object({
    DockerRootDir: z.string(),
    ID: z.string(),
    ServerVersion: z.string(),
    OperatingSystem: z.string(),
    SecurityOptions: words(),
  }),
);

export const versionAnswer = lazy(() => z.object({ ApiVersion: z.string() }));

export const createdAnswer = lazy(() =>
  z
    .union([z.object({ Id: z.string() }), z.object({ id: z.string() }).transform(({ id }) => ({ Id: id }))])
    .transform(({ Id }) => ({ id: Id })),
);

export const volumeAnswer = lazy(() =>
  z
    .object({
      Name: z.string(),
      Driver: z.string(),
      Mountpoint: z.string(),
      CreatedAt: text(),
      Labels: stringMap(),
      Options: stringMap(),
    })
    .transform(
      (volume): VolumeInfo => ({
        name: volume.Name,
        driver: volume.Driver,
        labels: volume.Labels,
        options: volume.Options,
        mountpoint: volume.Mountpoint,
        createdAt: volume.CreatedAt,
      }),
    ),
);

export const volumeListAnswer = lazy(() =>
  z.object({ Volumes: z.array(volumeAnswer()).nullish() }).transform(({ Volumes }) => Volumes ?? []),
);

export const imageAnswer = lazy(() =>
  z
    .object({
      Id: z.string(),
      RepoTags: words(),
      Config: z.object({ Entrypoint: words(), Cmd: words(), Labels: stringMap() }).nullish(),
    })
    .transform(
      (image): ImageInfo => ({
        id: image.Id,
        tags: image.RepoTags,
        entrypoint: image.Config?.Entrypoint ?? [],
        command: image.Config?.Cmd ?? [],
        labels: image.Config?.Labels ?? {},
      }),
    ),
);

const memberAnswer = lazy(() => z.object({ Name: z.string(), MacAddress: z.string(), IPv4Address: text() }));

export const networkAnswer = lazy(() =>
  z
    .object({
      Id: z.string(),
      Name: z.string(),
      Driver: z.string(),
      Scope: z.string(),
      Internal: z.boolean(),
      IPAM: z.object({
        Config: z.array(z.object({ Subnet: text(), Gateway: text() })).nullish(),
      }),
      Containers: z.record(z.string(), memberAnswer()).nullish(),
      Labels: stringMap(),
      Options: stringMap(),
    })
    .transform(
      (network): NetworkInfo => ({
        id: network.Id,
        name: network.Name,
        driver: network.Driver,
        scope: network.Scope,
        internal: network.Internal,
        subnets: (network.IPAM.Config ?? []).flatMap(({ Subnet, Gateway }): SubnetInfo[] =>
          Subnet === null ? [] : [{ subnet: Subnet, gateway: Gateway }],
        ),
        labels: network.Labels,
        options: network.Options,
        members: Object.entries(network.Containers ?? {}).map(
          ([containerId, member]): NetworkMember => ({
            containerId,
            name: member.Name,
            mac: member.MacAddress,
            ipv4: member.IPv4Address,
          }),
        ),
      }),
    ),
);

export const networkListAnswer = lazy(() => z.array(networkAnswer()));

/** States in which a container's processes exist. */
const ALIVE = new Set(['running', 'paused', 'restarting']);

/** A port of a listed container; undefined if it is not published. */
const listedPort = lazy(() =>
  z
    .object({
      IP: text(),
      PrivatePort: z.number().int(),
      PublicPort: z.number().int().nullish(),
      Type: z.string(),
    })
    .transform(({ IP, PrivatePort, PublicPort, Type }): PublishedPort | undefined => {
      if (IP === null || !PublicPort || (Type !== 'tcp' && Type !== 'udp')) return undefined;
      return { containerPort: PrivatePort, protocol: Type, hostAddress: IP, hostPort: PublicPort };
    }),
);

/** Container list. A name without an inner slash is the container's own; others are links to it. */
export const containerListAnswer = lazy(() =>
  z.array(
    z
      .object({
        Id: z.string(),
        Names: words(),
        Image: z.string(),
        ImageID: z.string(),
        Labels: stringMap(),
        State: z.string(),
        NetworkSettings: z.object({ Networks: z.record(z.string(), z.unknown()).nullish() }).nullish(),
        Mounts: z.array(z.object({ Type: z.string().optional(), Name: text() })).nullish(),
        Ports: z.array(listedPort()).nullish(),
      })
      .transform(
        ({ Id, Names, Image, ImageID, Labels, State, NetworkSettings, Mounts, Ports }): ListedContainer => ({
          id: Id,
          name: Names.map((name) => name.replace(/^\//, '')).find((name) => !name.includes('/')) ?? '',
          image: Image,
          imageId: ImageID,
          labels: Labels,
          running: ALIVE.has(State),
          status: State,
          networks: Object.keys(NetworkSettings?.Networks ?? {}),
          volumes: (Mounts ?? []).flatMap(({ Type, Name }) => (Type === 'volume' && Name !== null ? [Name] : [])),
          published: (Ports ?? []).flatMap((port) => port ?? []),
        }),
      ),
  ),
);

const endpointAnswer = lazy(() =>
  z.object({
    NetworkID: z.string(),
    IPAddress: text(),
    IPPrefixLen: z.number().int(),
    MacAddress: text(),
    Gateway: text(),
    EndpointID: text(),
    IPAMConfig: z.object({ IPv4Address: text() }).nullish(),
    Aliases: words(),
    DriverOpts: stringMap(),
  }),
);

export const containerAnswer = lazy(() =>
  z
    .object({
      Id: z.string(),
      Image: z.string(),
      Name: z.string(),
      Config: z.object({ Image: z.string(), Labels: stringMap(), ...optionMembers.config() }),
      State: z.object({
        Running: z.boolean(),
        Status: z.string(),
        Pid: z.number().int(),
        StartedAt: z.string(),
        ExitCode: z.number().int(),
        Health: z.object({ Status: z.string(), Log: z.array(z.object({ Output: z.string() })).nullish() }).nullish(),
      }),
      HostConfig: z.object({ NetworkMode: z.string(), ...optionMembers.host() }),
      NetworkSettings: z.object({
        SandboxKey: text(),
        Networks: z.record(z.string(), endpointAnswer()).nullish(),
        Ports: portBindings(),
      }),
    })
    .transform((container): ContainerInfo & { readonly imageId: string } => ({
      id: container.Id,
      imageId: container.Image,
      name: container.Name.replace(/^\//, ''),
      image: container.Config.Image,
      labels: container.Config.Labels,
      running: container.State.Running,
      status: container.State.Status,
      pid: container.State.Pid,
      startedAt: container.State.StartedAt,
      exitCode: container.State.ExitCode,
      ...joined(container.HostConfig.NetworkMode),
      options: optionsOf(container.Config, container.HostConfig, container.Config.Labels),
      published: container.NetworkSettings.Ports,
      sandbox: container.NetworkSettings.SandboxKey,
      health: healthOf(container.State.Health ?? null),
      endpoints: Object.entries(container.NetworkSettings.Networks ?? {}).map(
        ([network, endpoint]): ContainerEndpoint => ({
          network,
          networkId: endpoint.NetworkID,
          ipv4: endpoint.IPAddress,
          prefixLength: endpoint.IPAddress === null ? null : endpoint.IPPrefixLen,
          mac: endpoint.MacAddress,
          gateway: endpoint.Gateway,
          endpointId: endpoint.EndpointID,
          fixedIpv4: endpoint.IPAMConfig?.IPv4Address ?? null,
          aliases: endpoint.Aliases,
          options: endpoint.DriverOpts,
        }),
      ),
    })),
);

type HealthAnswer = {
  readonly Status: string;
  readonly Log?: readonly { readonly Output: string }[] | null | undefined;
};

function healthOf(health: HealthAnswer | null): ContainerHealth | null {
  if (health === null || health.Status === 'none') return null;
  return { status: health.Status, output: health.Log?.at(-1)?.Output.trim() ?? '' };
}

function joined(networkMode: string): Pick<ContainerInfo, 'joins'> {
  const joins = /^container:(.+)$/.exec(networkMode)?.[1];
  return joins === undefined ? {} : { joins };
}

export const execAnswer = lazy(() =>
  z.object({
    Running: z.boolean(),
    ExitCode: z.number().int().nullable(),
    /** Pid on the engine's machine; 0 before the start. */
    Pid: z.number().int().nullish(),
    ProcessConfig: z.object({ entrypoint: z.string(), arguments: words() }).nullish(),
  }),
);

/** Ids of the commands that run in a container beside its own. */
export const execListAnswer = lazy(() => z.object({ ExecIDs: words() }));
