import { z } from 'zod';
import { engineNeeded } from '../../docker/engine-needed.ts';
import { WfError } from '../../engine/model/errors.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { plainFields, retryField, retryPolicyOf, STEP_TIMEOUT_MS, undoFields } from '../exec/command-input.ts';
import { typedIn } from '../exec/run-command.ts';
import {
  applyCommand,
  commandOutput,
  commandRecord,
  containerOf,
  observeCommand,
  undoOfCommand,
} from '../exec/undoable-command.ts';
import { containerEnvSchema } from './container/options.ts';
import { LATE_EFFECT_MS } from './engine/policy.ts';
import { requireMadeOnEngine } from './engine/same-engine.ts';
import { orUnknown } from './engine/unknown.ts';
import { nameOrIdSchema, shortId } from './names.ts';

const input = z.object({
  container: nameOrIdSchema.describe('id or name of the container, of the run or of somebody else'),
  ...plainFields,
  argv: plainFields.argv.describe('program of the container and its arguments; no shell'),
  cwd: z
    .string()
    .startsWith('/')
    .nullable()
    .default(null)
    .describe('working directory in the container; null is that of the container'),
  env: containerEnvSchema.default({}).describe('variables added to those of the container'),
  user: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('user, or `user:group`, in the container; null is that of the container'),
  retry: retryField,
  ...undoFields,
});
type Input = z.output<typeof input>;

/**
 * Runs a command in a container through the engine: in all namespaces of the container, with its files, user and variables, also on an
 * engine of another machine. In contrast, `exec.command` with `in` runs a program of the host in the network of a container.
 */
export const dockerExec = defineStep({
  kind: 'docker.exec',
  description: 'Runs a command in a container by the engine, and undoes it with another command.',
  input,
  output: commandOutput,
  record: commandRecord,
  timeoutMs: STEP_TIMEOUT_MS,
  runsAnyCommand: true,
  // As for `exec.command`, `alters` is omitted: a privileged container, or one with mounts of the host, can alter all of it.
  survivesReboot: true,
  lateEffectMs: LATE_EFFECT_MS,
  retryOf: retryPolicyOf,
  commands: (asked) => [typedIn(placedIn(asked, { id: '', name: asked.container, engine: '' }))],
  rehearse: ({ expectExitCodes }) => ({ exitCode: expectExitCodes[0] ?? 0, stdout: '', stderr: '', truncated: false }),

  observe: (asked, context, earlier) =>
    orUnknown(async () => {
      const recorded = earlier === undefined ? null : containerOf(earlier);
      const container = recorded ?? (await findContainer(asked, context));
      return observeCommand(placedIn(asked, container), context, earlier);
    }),
  apply: (asked, intended, _found, context) => applyCommand({ ...asked, files: {} }, intended, context),
  async requireMadeHere(made, host) {
    const container = containerOf(made);
    if (container !== null) await requireMadeOnEngine(container, host);
  },
  ...undoOfCommand,
});

interface Container {
  readonly id: string;
  readonly name: string;
  readonly engine: string;
}

function placedIn(asked: Input, { id, name, engine }: Container) {
  // Files of a step are on the host, where a container cannot see them.
  return { ...asked, in: { id, name, engine, user: asked.user }, files: {} };
}

async function findContainer({ container: asked }: Input, { host: { docker } }: HostContext): Promise<Container> {
  if (docker.programs !== 'image') throw engineNeeded(`a command in container ${asked}`);
  const container = await docker.container(asked);
  if (container === null) {
    throw new WfError('E_DOCKER', `container ${asked} does not exist`, {
      hint: 'List the containers with `docker ps --all`.',
    });
  }
  const { id, name, status } = container;
  if (status === 'running') return { id, name, engine: await docker.engineId() };
  throw new WfError('E_CONTAINER_CHANGED', `container ${name} (${shortId(id)}) is ${status}, not running`, {
    hint: `Start it with \`docker start ${name}\`, then resume the run.`,
    transient: status === 'restarting',
  });
}
