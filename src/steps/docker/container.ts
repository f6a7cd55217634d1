import { z } from 'zod';
import { engineNeeded } from '../../docker/engine-needed.ts';
import { WfError } from '../../engine/model/errors.ts';
import { labelsOf, RUN_LABEL } from '../../engine/model/identity/mark.ts';
import type { Argv } from '../../engine/ports/command.ts';
import type { ContainerInfo } from '../../engine/ports/docker.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { HostContext, StepContext } from '../../engine/workflow/step.ts';
import { firstHostOf } from '../../host/ip/subnet.ts';
import { containerHandleSchema } from '../container-handle.ts';
import { asCommand } from './client-output.ts';
import { refuseExited } from './container/exited.ts';
import { untilHealthy } from './container/health.ts';
import { optionFields, optionMismatch, optionsOf, optionWords } from './container/options.ts';
import { refuseForeignJoined } from './container/removal.ts';
import { runningContainer } from './container/running-container.ts';
import { dryRunAddress, dryRunId, dryRunPid, dryRunSubnet } from './dry-run-values.ts';
import { createOrAdopt } from './engine/create-or-adopt.ts';
import { hasTraces, removeTraces, tracesOf, tracesSchema } from './engine/forgotten-container.ts';
import { containerNameInUse, isOurs, mayBeOurs, withoutMark } from './engine/ownership.ts';
import { ENGINE_RETRY, LATE_EFFECT_MS } from './engine/policy.ts';
import { portOfContainer } from './engine/port-owner.ts';
import { engineIdSchema, requireMadeOnEngine, requireSameEngine } from './engine/same-engine.ts';
import { orUnknown } from './engine/unknown.ts';
import { containerNameSchema, imageReferenceSchema, shortId } from './names.ts';

/** Longer than any response of an engine, so that the wait of the input decides. */
const STEP_TIMEOUT_MS = 10 * 60_000;
const LONGEST_WAIT_MS = 9 * 60_000;

const inputSchema = z.object({
  name: containerNameSchema.describe('container name'),
  image: imageReferenceSchema.describe('image reference such as `alpine:3.20`'),
  command: z.array(z.string()).describe("arguments for the image's entrypoint"),
  networkId: z.string().min(1).describe('id of the network'),
  network: z.string().describe('name of the network, used only in the equivalent command line'),
  keepsNamesLocal: z
    .boolean()
    .default(false)
    .describe('whether names without a dot are resolved by the engine alone, without another name server'),
  ...optionFields,
  waitHealthyMs: z
    .number()
    .int()
    .positive()
    .max(LONGEST_WAIT_MS)
    .nullable()
    .default(null)
    .describe('waits so long until the health check succeeds, in milliseconds; null does not wait'),
});
const outputSchema = containerHandleSchema.extend({
  ipv4: z.string().describe('IPv4 address in the network'),
  prefixLength: z.number().int().describe('prefix length of the address'),
  mac: z.string().describe('MAC address'),
  gateway: z.string().nullable().describe('gateway of the network; null in an overlay network, which has none'),
  ports: z
    .array(
      z.object({
        containerPort: z.number().int(),
        protocol: z.enum(['tcp', 'udp']),
        hostAddress: z.string(),
        hostPort: z.number().int(),
      }),
    )
    .describe('published ports, with those that the engine chose'),
});
export const containerRecordSchema = z.object({
  name: z.string(),
  /** Null until the engine has created the container, which name and mark identify until then. */
  id: z.string().nullable(),
  /** Start time of a container that this step has just started, for the observation that follows; null in the ledger. */
  startedNow: z.string().nullable(),
  /** Null before the container starts. */
  traces: tracesSchema.nullable(),
  engine: engineIdSchema,
});

type Input = z.output<typeof inputSchema>;
type Record = z.output<typeof containerRecordSchema>;

/** Creates and starts a container with this run's mark. */
export const dockerContainer = defineStep({
  kind: 'docker.container',
  description: 'Creates and starts a container in one network.',
  input: inputSchema,
  output: outputSchema,
  record: containerRecordSchema,
  timeoutMs: STEP_TIMEOUT_MS,
  retry: ENGINE_RETRY,
  survivesReboot: true,
  alters: ['docker', 'network', 'firewall'],
  lateEffectMs: LATE_EFFECT_MS,
  commands: (input) => [runCommand(input, 'RUN')],
  rehearse: ({ name, network, ports }) => ({
    id: dryRunId(name),
    name,
    startedAt: '2024-01-01T00:00:00.000000000Z',
    pid: dryRunPid(name),
    namespace: { path: `/proc/${dryRunPid(name)}/ns/net`, inode: 4026532000, process: null },
    ipv4: dryRunAddress(network, name),
    prefixLength: 16,
    mac: '02:42:ac:12:00:02',
    gateway: firstHostOf(dryRunSubnet(network)),
    ports: ports.map(({ hostPort, ...port }) => ({ ...port, hostPort: hostPort ?? 49_153 })),
  }),

  observe: (input, context, earlier) =>
    orUnknown(async () => {
      const { name } = input;
      if (earlier !== undefined) await requireSameEngine(earlier.engine, context);
      const engine = await context.host.docker.engineId();
      const target = `container ${name}`;
      const container = await findContainer(earlier?.id ?? null, name, context);
      if (container === null) {
        const marked = await imageWithMark(input.image, context);
        if (marked !== undefined) return { found: 'foreign', error: marked };
        await requireOptions(input, context);
        const taken = await portOfContainer(input.ports, context.host);
        if (taken !== undefined) return { found: 'foreign', error: taken };
        return { found: 'absent', target, record: { name, id: null, startedNow: null, traces: null, engine } };
      }
      const isRecorded = container.id === earlier?.id && mayBeOurs(container, context.run);
      if (!isRecorded && !isOurs(container, context.run))
        return { found: 'foreign', error: containerNameInUse(container) };
      const mismatch = mismatchWithInput(container, input);
      if (mismatch !== undefined) return { found: 'foreign', error: mismatch };
      const record = { name, id: container.id, startedNow: null, traces: earlier?.traces ?? null, engine };
      if (container.status === 'created') return { found: 'partial', target, record };
      const output = await runningContainer(container, input.networkId, context);
      if (output !== 'exited') {
        const running = { ...record, traces: await tracesOf(output, context) };
        if (input.waitHealthyMs !== null && container.health?.status !== 'healthy') {
          return { found: 'partial', target, record: running };
        }
        return { found: 'ours', target, record: running, output: { ...output, ports: publishedBy(container) } };
      }
      await refuseExited(await context.host.docker.container(container.id), earlier?.startedNow ?? null, context);
      return { found: 'partial', target, record };
    }),

  async apply(input, record, found, context) {
    const { docker } = context.host;
    const { name } = input;
    const earlier = found === 'partial' ? record.id : null;
    const argv: Argv = earlier === null ? runCommand(input, context.run) : ['docker', 'start', name];
    const id = await asCommand(
      context,
      argv,
      async () => {
        const created = earlier ?? (await create(input, context));
        await docker.startContainer(created);
        return created;
      },
      (started) => (earlier === null ? started : name),
      (started) => started,
    );
    const started = await docker.container(id);
    const startedNow = started?.startedAt ?? null;
    await refuseExited(started, startedNow, context);
    if (input.waitHealthyMs !== null) await untilHealthy(id, input.waitHealthyMs, context);
    return { ...record, id, startedNow };
  },

  requireMadeHere: requireMadeOnEngine,

  inspect: (record, context) =>
    orUnknown(async () => {
      await requireSameEngine(record.engine, context);
      if ((await ownContainer(record, context)) !== null) return { found: 'in place' };
      if (await hasTraces(record.traces, context)) return { found: 'in place' };
      const { name, id } = record;
      const which = id === null ? `container ${name} of this run` : `container ${name} (${shortId(id)})`;
      return { found: 'gone', reason: `${which} is not there` };
    }),

  async undo(record, context) {
    const container = await ownContainer(record, context);
    if (container !== null) await remove(container, context);
    if (record.traces !== null) await removeTraces(record.traces, context);
  },

  undoCommands: ({ name, id }) => [['docker', 'rm', '--force', '--volumes', id === null ? name : shortId(id)]],
  rehearseUndo: ({ name }) => [['docker', 'rm', '--force', '--volumes', name]],
});

async function remove(container: ContainerInfo, context: HostContext): Promise<void> {
  const { id, name } = container;
  if (!mayBeOurs(container, context.run)) throw withoutMark('container', container, context.run);
  await refuseForeignJoined(container, context);
  await asCommand(
    context,
    ['docker', 'rm', '--force', '--volumes', name],
    () => context.host.docker.removeContainer(id),
    () => name,
  );
}

/**
 * Refuses options that the runtime lacks, and a volume that does not exist: the engine would create one that no run removes.
 * @throws WfError E_RUNTIME_UNAVAILABLE, E_DOCKER
 */
async function requireOptions(input: Input, { host: { docker } }: HostContext): Promise<void> {
  const needsEngine = optionsOf(input) !== undefined || input.waitHealthyMs !== null;
  if (docker.programs !== 'image' && needsEngine) throw engineNeeded(`container ${input.name} with options`);
  for (const mount of input.mounts) {
    if (mount.type !== 'volume' || (await docker.volume(mount.source)) !== null) continue;
    throw new WfError('E_DOCKER', `volume ${mount.source} of container ${input.name} does not exist`, {
      hint: 'Create it with an earlier step `docker.volume`, which also undoes it.',
    });
  }
}

/** The IPv6 address has the same port, unless the input requests another one. */
function publishedBy({ published = [] }: ContainerInfo): z.output<typeof outputSchema>['ports'] {
  return published.flatMap(({ hostPort, ...port }) => (hostPort === null ? [] : [{ ...port, hostPort }]));
}

function runCommand(input: Input, run: string): Argv {
  const { name, image, command, network, keepsNamesLocal } = input;
  const label = ['--label', `${RUN_LABEL}=${run}`];
  const dns = keepsNamesLocal ? ['--dns-option', 'ndots:1', '--dns-search', '.'] : [];
  return [
    'docker',
    'run',
    '--detach',
    '--name',
    name,
    ...label,
    ...dns,
    ...optionWords(input),
    '--network',
    network,
    image,
    ...command,
  ];
}

/** Finds a container by id if the id is known and still exists, otherwise by name. */
async function findContainer(id: string | null, name: string, context: HostContext): Promise<ContainerInfo | null> {
  const { docker } = context.host;
  const known = id === null ? null : await docker.container(id);
  return known ?? (await docker.container(name));
}

/** Returns the recorded container; without a recorded id, the container of that name if it carries the run's mark. */
async function ownContainer({ id, name }: Record, context: HostContext): Promise<ContainerInfo | null> {
  const container = await context.host.docker.container(id ?? name);
  return container !== null && (id !== null || isOurs(container, context.run)) ? container : null;
}

async function create(input: Input, context: StepContext): Promise<string> {
  const { docker } = context.host;
  const { name, image, command, networkId, keepsNamesLocal } = input;
  const options = optionsOf(input);
  const spec = {
    name,
    image,
    command,
    networkId,
    labels: labelsOf(context.run),
    keepsNamesLocal,
    ...(options === undefined ? {} : { options }),
  };
  const find = async () => {
    const container = await docker.container(name);
    return container === null || isOurs(container, context.run) ? container : 'foreign';
  };
  const { id } = await createOrAdopt(() => docker.createContainer(spec), find, context);
  return id;
}

/** Returns the error for an image whose label imitates this run's mark, or undefined. */
async function imageWithMark(reference: string, { host, run }: HostContext): Promise<WfError | undefined> {
  const image = await host.docker.image(reference);
  if (image?.labels[RUN_LABEL] !== run) return undefined;
  return new WfError(
    'E_NAME_IN_USE',
    `image ${reference} carries the label ${RUN_LABEL}=${run}, which is the mark of this run`,
    {
      hint: `Rebuild it without the label: \`echo 'FROM ${reference}' | docker build --label ${RUN_LABEL}= -t ${reference} -\`.`,
      details: { id: image.id },
    },
  );
}

function mismatchWithInput(container: ContainerInfo, input: Input): WfError | undefined {
  const { name, image } = input;
  if (container.name === name && container.image === image) return optionMismatch(container, input);
  const { id } = container;
  const what =
    container.name === name ? `has image ${container.image} and not ${image}` : `is now called ${container.name}`;
  return new WfError('E_NAME_IN_USE', `container ${name} (${shortId(id)}) of this run ${what}`, {
    hint:
      container.name === name
        ? 'Give the two containers of the workflow different names.'
        : `Rename it back with \`docker rename ${container.name} ${name}\`, then resume the run.`,
    details: { id },
  });
}
