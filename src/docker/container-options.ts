import type { ContainerCreateOptions, HostConfig } from 'dockerode';
import { z } from 'zod';
import { lazy } from '../engine/model/lazy.ts';
import type { ContainerOptions, HealthCheck, Mount, PublishedPort } from '../engine/ports/docker.ts';

const NANOSECONDS = 1_000_000;
const NANO_CPUS = 1_000_000_000;

type Creation = Pick<ContainerCreateOptions, 'Env' | 'ExposedPorts' | 'Healthcheck'>;
type Limits = Pick<HostConfig, 'PortBindings' | 'Mounts' | 'Memory' | 'NanoCpus' | 'PidsLimit' | 'RestartPolicy'>;

/** Returns the members of the request that creates a container with these options, except labels. */
export function creationOf(options: ContainerOptions): { readonly config: Creation; readonly host: Limits } {
  const { env, ports, mounts, resources, restart, healthCheck } = options;
  const exposed = [...new Set(ports.map(exposedPort))];
  return {
    config: {
      Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
      ExposedPorts: Object.fromEntries(exposed.map((port) => [port, {}])),
      ...(healthCheck === null ? {} : { Healthcheck: healthcheckOf(healthCheck) }),
    },
    host: {
      PortBindings: Object.fromEntries(
        exposed.map((port) => [
          port,
          ports
            .filter((published) => exposedPort(published) === port)
            .map(({ hostAddress, hostPort }) => ({
              HostIp: hostAddress,
              HostPort: hostPort === null ? '' : String(hostPort),
            })),
        ]),
      ),
      Mounts: mounts.map((mount) =>
        mount.type === 'tmpfs'
          ? {
              Type: 'tmpfs',
              Source: '',
              Target: mount.target,
              ...(mount.sizeBytes === null ? {} : { TmpfsOptions: { SizeBytes: mount.sizeBytes, Mode: 0o1777 } }),
            }
          : { Type: mount.type, Source: mount.source, Target: mount.target, ReadOnly: mount.readOnly },
      ),
      Memory: resources.memoryBytes ?? 0,
      NanoCpus: nanoCpusOf(resources.cpus),
      ...(resources.pids === null ? {} : { PidsLimit: resources.pids }),
      RestartPolicy: { Name: restart.policy, MaximumRetryCount: restart.maxRetries },
    },
  };
}

function exposedPort({ containerPort, protocol }: PublishedPort): string {
  return `${containerPort}/${protocol}`;
}

function nanoCpusOf(cpus: number | null): number {
  return Math.round((cpus ?? 0) * NANO_CPUS);
}

function healthcheckOf({ argv, intervalMs, timeoutMs, startPeriodMs, retries }: HealthCheck) {
  return {
    Test: ['CMD', ...argv],
    Interval: intervalMs * NANOSECONDS,
    Timeout: timeoutMs * NANOSECONDS,
    StartPeriod: startPeriodMs * NANOSECONDS,
    Retries: retries,
  };
}

const binding = lazy(() => z.object({ HostIp: z.string(), HostPort: z.string() }));
/** Bindings by container port, such as `80/tcp`; null for a port that is not published. */
export const portBindings = lazy(() =>
  z
    .record(z.string(), z.array(binding()).nullish())
    .nullish()
    .transform((found): readonly PublishedPort[] =>
      Object.entries(found ?? {}).flatMap(([port, bindings]) => {
        const [number, protocol] = port.split('/');
        if (protocol !== 'tcp' && protocol !== 'udp') return [];
        return (bindings ?? []).map(({ HostIp, HostPort }) => ({
          containerPort: Number(number),
          protocol,
          hostAddress: HostIp,
          hostPort: HostPort === '' ? null : Number(HostPort),
        }));
      }),
    ),
);

const mountAnswer = lazy(() =>
  z
    .discriminatedUnion('Type', [
      z.object({
        Type: z.literal('bind'),
        Source: z.string(),
        Target: z.string(),
        ReadOnly: z.boolean().default(false),
      }),
      z.object({
        Type: z.literal('volume'),
        Source: z.string().default(''),
        Target: z.string(),
        ReadOnly: z.boolean().default(false),
      }),
      z.object({
        Type: z.literal('tmpfs'),
        Target: z.string(),
        TmpfsOptions: z.object({ SizeBytes: z.number().nullish() }).nullish(),
      }),
    ])
    .transform((mount): Mount => {
      if (mount.Type === 'tmpfs') {
        return { type: 'tmpfs', target: mount.Target, sizeBytes: mount.TmpfsOptions?.SizeBytes || null };
      }
      return { type: mount.Type, source: mount.Source, target: mount.Target, readOnly: mount.ReadOnly };
    }),
);

const healthcheckAnswer = lazy(() =>
  z
    .object({
      Test: z.array(z.string()).nullish(),
      Interval: z.number().default(0),
      Timeout: z.number().default(0),
      StartPeriod: z.number().default(0),
      Retries: z.number().default(0),
    })
    .transform(
      ({ Test, Interval, Timeout, StartPeriod, Retries }): HealthCheck => ({
        argv: (Test ?? []).slice(1),
        intervalMs: Interval / NANOSECONDS,
        timeoutMs: Timeout / NANOSECONDS,
        startPeriodMs: StartPeriod / NANOSECONDS,
        retries: Retries,
      }),
    ),
);

/** Members of an inspect response that contain the options of a container. */
export const optionMembers = {
  config: () => ({ Env: z.array(z.string()).nullish(), Healthcheck: healthcheckAnswer().nullish() }),
  host: () => ({
    PortBindings: portBindings(),
    Mounts: z
      .array(z.unknown())
      .nullish()
      // wf never requests other kinds of mounts.
      .transform((all) => (all ?? []).flatMap((one) => mountAnswer().safeParse(one).data ?? [])),
    Memory: z.number().default(0),
    NanoCpus: z.number().default(0),
    PidsLimit: z.number().nullish(),
    RestartPolicy: z.object({ Name: z.string(), MaximumRetryCount: z.number().default(0) }),
  }),
};
type Config = z.output<z.ZodObject<ReturnType<typeof optionMembers.config>>>;
type Host = z.output<z.ZodObject<ReturnType<typeof optionMembers.host>>>;

const POLICIES = ['no', 'on-failure', 'always', 'unless-stopped'] as const;

/** Returns the options of a container from the engine's response. */
export function optionsOf(config: Config, host: Host, labels: Readonly<Record<string, string>>): ContainerOptions {
  const env = (config.Env ?? []).map((line) => {
    const end = line.indexOf('=');
    return end === -1 ? [line, ''] : [line.slice(0, end), line.slice(end + 1)];
  });
  const { Memory, NanoCpus, PidsLimit, RestartPolicy } = host;
  return {
    env: Object.fromEntries(env),
    labels,
    ports: host.PortBindings,
    mounts: host.Mounts,
    resources: {
      memoryBytes: Memory === 0 ? null : Memory,
      cpus: NanoCpus === 0 ? null : NanoCpus / NANO_CPUS,
      pids: PidsLimit === undefined || PidsLimit === null || PidsLimit <= 0 ? null : PidsLimit,
    },
    restart: {
      policy: POLICIES.find((policy) => policy === RestartPolicy.Name) ?? 'no',
      maxRetries: RestartPolicy.MaximumRetryCount,
    },
    healthCheck: config.Healthcheck ?? null,
  };
}
