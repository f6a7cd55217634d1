import path from 'node:path';
import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { commandLine } from '../../../engine/model/evidence.ts';
import { canonicalJson, toJson } from '../../../engine/model/json.ts';
import type { ContainerInfo, ContainerOptions, Mount, PublishedPort } from '../../../engine/ports/docker.ts';
import { containerNameSchema, shortId } from '../names.ts';

const absolutePath = z
  .string()
  .refine((text) => path.isAbsolute(text) && path.normalize(text) === text && text !== '/', 'must be an absolute path')
  .describe('absolute path');
const portNumber = z.number().int().min(1).max(65_535);
const milliseconds = z.number().int().min(1);
/** A variable name that every shell and engine accepts. */
const variableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/, 'must be the name of a variable');
export const containerEnvSchema = z.record(variableName, z.string());

/** Labels of a Docker object; those of wf are its marks. */
export const labelsSchema = z.record(
  z.string().regex(/^(?!wf\.)[\w./-]+$/, 'must be the name of a label that does not begin with `wf.`'),
  z.string(),
);

const portSchema = z.strictObject({
  containerPort: portNumber.describe('port in the container'),
  hostPort: portNumber.nullable().default(null).describe('port on the host; null lets the engine choose one'),
  hostAddress: z
    .union([z.ipv4(), z.ipv6()])
    .default('127.0.0.1')
    .describe('address on the host; `0.0.0.0` is all of IPv4'),
  protocol: z.enum(['tcp', 'udp']).default('tcp').describe('protocol'),
});

const mountFields = {
  target: absolutePath.describe('folder in the container'),
  readOnly: z.boolean().default(false).describe('whether the container may only read it'),
};
const mountSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('bind'),
    source: absolutePath.describe('existing file or folder on the host'),
    ...mountFields,
  }),
  z.strictObject({
    type: z.literal('volume'),
    source: containerNameSchema.describe('name of a volume, such as the output of `docker.volume`'),
    ...mountFields,
  }),
  z.strictObject({
    type: z.literal('tmpfs'),
    target: mountFields.target,
    sizeBytes: z.number().int().positive().nullable().default(null).describe('size limit; null for none'),
  }),
]);

const NO_LIMITS = { memoryBytes: null, cpus: null, pids: null };
const resourcesSchema = z.strictObject({
  memoryBytes: z
    .number()
    .int()
    .min(6 * 1024 * 1024)
    .nullable()
    .default(null)
    .describe('memory limit, at least 6 MiB'),
  cpus: z.number().multipleOf(0.01).min(0.01).nullable().default(null).describe('processors, such as 0.5'),
  pids: z.number().int().positive().nullable().default(null).describe('number of processes and threads'),
});

const restartSchema = z
  .strictObject({
    policy: z.enum(['no', 'on-failure', 'always', 'unless-stopped']).describe('when the engine restarts the container'),
    maxRetries: z.number().int().min(0).default(0).describe('restarts with `on-failure`; 0 for no limit'),
  })
  .refine(({ policy, maxRetries }) => policy === 'on-failure' || maxRetries === 0, 'needs the policy on-failure');

const healthCheckSchema = z.strictObject({
  argv: z.tuple([z.string().min(1)], z.string()).describe('program and arguments, run in the container'),
  intervalMs: milliseconds.default(30_000).describe('pause between two checks in milliseconds'),
  timeoutMs: milliseconds.default(30_000).describe('time-out of a check in milliseconds'),
  startPeriodMs: z.number().int().min(0).default(0).describe('time in which failures do not count, in milliseconds'),
  retries: z.number().int().min(1).default(3).describe('failures in a row that make it unhealthy'),
});

/** Input fields of `docker.container` that need a Docker engine. */
export const optionFields = {
  env: containerEnvSchema.default({}).describe('variables; pass a secret as a secret input'),
  labels: labelsSchema.default({}).describe('labels beside the mark of wf'),
  ports: z
    .array(portSchema)
    .default([])
    .describe(
      'published ports, each with `containerPort`, `hostPort` (null lets the engine choose), `hostAddress` (`127.0.0.1`) and `protocol` (`tcp`)',
    ),
  mounts: z.array(mountSchema).default([]).describe('bind mounts, volumes and temporary file systems'),
  resources: resourcesSchema.default(NO_LIMITS).describe('limits; null for none'),
  restart: restartSchema.default({ policy: 'no', maxRetries: 0 }).describe('restart policy'),
  healthCheck: healthCheckSchema.nullable().default(null).describe('health check; null is that of the image'),
};
type Options = z.output<z.ZodObject<typeof optionFields>>;

/** Returns the options of an input for the engine; undefined if it has none, as every runtime supports. */
export function optionsOf(input: Options): ContainerOptions | undefined {
  const { env, labels, ports, mounts, resources, restart, healthCheck } = input;
  const options: ContainerOptions = { env, labels, ports, mounts, resources, restart, healthCheck };
  return canonicalJson(toJson(options)) === canonicalJson(toJson(NO_OPTIONS)) ? undefined : options;
}

const NO_OPTIONS: ContainerOptions = {
  env: {},
  labels: {},
  ports: [],
  mounts: [],
  resources: NO_LIMITS,
  restart: { policy: 'no', maxRetries: 0 },
  healthCheck: null,
};

/** Returns the words of a `docker run` command line for the options. */
export function optionWords({
  env,
  labels,
  ports,
  mounts,
  resources,
  restart,
  healthCheck,
}: Options): readonly string[] {
  const { memoryBytes, cpus, pids } = resources;
  return [
    ...Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    ...Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    ...ports.flatMap((port) => ['--publish', publishedText(port)]),
    ...mounts.flatMap((mount) => ['--mount', mountText(mount)]),
    ...(memoryBytes === null ? [] : ['--memory', `${memoryBytes}b`]),
    ...(cpus === null ? [] : ['--cpus', String(cpus)]),
    ...(pids === null ? [] : ['--pids-limit', String(pids)]),
    ...(restart.policy === 'no'
      ? []
      : ['--restart', restart.maxRetries === 0 ? restart.policy : `${restart.policy}:${restart.maxRetries}`]),
    ...(healthCheck === null
      ? []
      : [
          ...['--health-cmd', commandLine(healthCheck.argv)],
          ...['--health-interval', `${healthCheck.intervalMs}ms`, '--health-timeout', `${healthCheck.timeoutMs}ms`],
          ...['--health-start-period', `${healthCheck.startPeriodMs}ms`, '--health-retries', `${healthCheck.retries}`],
        ]),
  ];
}

/** Formats a published port as `docker run --publish` takes it: `127.0.0.1:8080:80/tcp`. */
export function publishedText({ hostAddress, hostPort, containerPort, protocol }: PublishedPort): string {
  const address = hostAddress.includes(':') ? `[${hostAddress}]` : hostAddress;
  return `${address}:${hostPort ?? ''}:${containerPort}/${protocol}`;
}

function mountText(mount: Mount): string {
  const words =
    mount.type === 'tmpfs'
      ? ['type=tmpfs', `target=${mount.target}`, ...(mount.sizeBytes === null ? [] : [`tmpfs-size=${mount.sizeBytes}`])]
      : [`type=${mount.type}`, `source=${mount.source}`, `target=${mount.target}`];
  return [...words, ...(mount.type !== 'tmpfs' && mount.readOnly ? ['readonly'] : [])].join(',');
}

/**
 * Returns the error for a container whose options differ from the input; undefined if none differs, or if the runtime has no options.
 * The error contains no values of variables.
 */
export function optionMismatch({ id, name, options }: ContainerInfo, input: Options): WfError | undefined {
  if (options === undefined) return undefined;
  const what = firstDifference(options, input);
  if (what === undefined) return undefined;
  return new WfError('E_NAME_IN_USE', `container ${name} (${shortId(id)}) of this run has ${what}`, {
    hint: `Compare it with \`docker inspect ${name}\`: two steps of the workflow may use one name, or the engine has dropped a limit that its kernel lacks.`,
    details: { id },
  });
}

/** A container also has the variables and labels of its image, so only missing and different ones count. */
function firstDifference(found: ContainerOptions, wanted: Options): string | undefined {
  const variable = Object.entries(wanted.env).find(([name, value]) => found.env[name] !== value)?.[0];
  if (variable !== undefined) return `another value of the variable ${variable}`;
  const label = Object.entries(wanted.labels).find(([name, value]) => found.labels[name] !== value)?.[0];
  if (label !== undefined) return `another value of the label ${label}`;
  const compared = [
    ['published ports', sorted(found.ports), sorted(wanted.ports)],
    ['mounts', sorted(found.mounts), sorted(wanted.mounts)],
    ['limits', [found.resources], [wanted.resources]],
    ['restart policy', [found.restart], [wanted.restart]],
    [
      'health check',
      wanted.healthCheck === null ? [] : [found.healthCheck],
      wanted.healthCheck === null ? [] : [wanted.healthCheck],
    ],
  ] as const;
  for (const [title, is, asked] of compared) {
    const [isText, askedText] = [canonicalJson(toJson(is)), canonicalJson(toJson(asked))];
    if (isText !== askedText) return `${title} ${isText} and not ${askedText}`;
  }
  return undefined;
}

function sorted(all: readonly object[]): readonly unknown[] {
  return [...all].sort((a, b) => canonicalJson(toJson(a)).localeCompare(canonicalJson(toJson(b))));
}
