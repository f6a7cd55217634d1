import { z } from 'zod';
import { engineNeeded } from '../../docker/engine-needed.ts';
import { WfError } from '../../engine/model/errors.ts';
import { labelsOf, RUN_LABEL } from '../../engine/model/identity/mark.ts';
import type { Argv } from '../../engine/ports/command.ts';
import type { VolumeInfo } from '../../engine/ports/docker.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { asCommand } from './client-output.ts';
import { labelsSchema } from './container/options.ts';
import { isOurs, volumeNameInUse } from './engine/ownership.ts';
import { ENGINE_RETRY, LATE_EFFECT_MS } from './engine/policy.ts';
import { engineIdSchema, requireMadeOnEngine, requireSameEngine } from './engine/same-engine.ts';
import { orUnknown } from './engine/unknown.ts';
import { volumeNameSchema } from './names.ts';
import { requireRemovable } from './volume-removal.ts';

const input = z.object({
  name: volumeNameSchema.describe('volume name'),
  labels: labelsSchema.default({}).describe('labels beside the mark of wf'),
  existing: z
    .enum(['refuse', 'use'])
    .default('refuse')
    .describe('what to do with an existing volume that the run did not create: `use` uses it, and leaves it on undo'),
  dataOnUndo: z
    .enum(['refuse', 'remove'])
    .default('refuse')
    .describe('whether the undo removes the volume only if it is empty (`refuse`), or with all its data (`remove`)'),
});
/** The record of a volume. */
export const volumeRecordSchema = z.object({
  name: z.string(),
  dataOnUndo: z.enum(['refuse', 'remove']),
  engine: engineIdSchema,
});
type Input = z.output<typeof input>;

/** Creates a named volume with this run's mark. */
export const dockerVolume = defineStep({
  kind: 'docker.volume',
  description: 'Creates a named volume. The undo removes it if it is empty; data only if the input asks for that.',
  input,
  output: z.object({
    name: z.string().describe('volume name'),
    mountpoint: z.string().describe("folder of its data on the engine's machine"),
    created: z.boolean().describe('whether the run created it'),
  }),
  record: volumeRecordSchema,
  retry: ENGINE_RETRY,
  survivesReboot: true,
  alters: ['docker'],
  lateEffectMs: LATE_EFFECT_MS,
  commands: (asked) => [createCommand(asked, 'RUN')],
  rehearse: ({ name }) => ({ name, mountpoint: `/var/lib/docker/volumes/${name}/_data`, created: true }),

  observe: ({ name, labels, existing, dataOnUndo }, context, earlier) =>
    orUnknown(async () => {
      const { docker } = context.host;
      if (docker.programs !== 'image') throw engineNeeded(`volume ${name}`);
      if (earlier !== undefined) await requireSameEngine(earlier.engine, context);
      const made = { name, dataOnUndo, engine: await docker.engineId() };
      const target = `volume ${name}`;
      const volume = await docker.volume(name);
      if (volume === null) return { found: 'absent', target, record: made };
      const { mountpoint } = volume;
      if (!isOurs(volume, context.run)) {
        if (existing === 'refuse') return { found: 'foreign', error: volumeNameInUse(volume) };
        return { found: 'unchanged', output: { name, mountpoint, created: false } };
      }
      const other = Object.entries(labels).find(([label, value]) => volume.labels[label] !== value)?.[0];
      if (other !== undefined) return { found: 'foreign', error: otherLabel(volume, other) };
      return { found: 'ours', target, record: made, output: { name, mountpoint, created: true } };
    }),

  async apply(asked, made, _found, context) {
    const { docker } = context.host;
    const { name, labels } = asked;
    const volume = await asCommand(
      context,
      createCommand(asked, context.run),
      () => docker.createVolume({ name, labels: { ...labels, ...labelsOf(context.run) } }),
      () => name,
    );
    // If somebody created a volume of that name meanwhile, the engine returns it unchanged.
    if (!isOurs(volume, context.run)) throw volumeNameInUse(volume);
    return made;
  },

  requireMadeHere: requireMadeOnEngine,

  inspect: ({ name, engine }, context) =>
    orUnknown(async () => {
      await requireSameEngine(engine, context);
      if ((await ownVolume(name, context)) !== null) return { found: 'in place' };
      return { found: 'gone', reason: `this run has no volume ${name}` };
    }),

  undo: ({ name, dataOnUndo }, context) => removeOwnVolume(name, dataOnUndo === 'remove', context),

  undoCommands: ({ name }) => [['docker', 'volume', 'rm', name]],
  rehearseUndo: ({ name }) => [['docker', 'volume', 'rm', name]],
});

function createCommand({ name, labels }: Input, run: string): Argv {
  const words = Object.entries({ ...labels, [RUN_LABEL]: run }).flatMap(([label, value]) => [
    '--label',
    `${label}=${value}`,
  ]);
  return ['docker', 'volume', 'create', ...words, name];
}

/**
 * Removes the volume of this name if it carries the run's mark.
 * @throws WfError E_FOREIGN, E_RESIDUE, E_HOST_STATE_UNKNOWN if a container uses it, or if it has data that may not be removed
 */
export async function removeOwnVolume(name: string, withData: boolean, context: HostContext): Promise<void> {
  const volume = await ownVolume(name, context);
  if (volume === null) return;
  await requireRemovable(volume, withData, context);
  await asCommand(
    context,
    ['docker', 'volume', 'rm', name],
    () => context.host.docker.removeVolume(name),
    () => name,
  );
}

/** Returns the volume if it carries the run's mark. A volume has no id, but another one with its name has another mark. */
async function ownVolume(name: string, { host, run }: HostContext): Promise<VolumeInfo | null> {
  const volume = await host.docker.volume(name);
  return volume !== null && isOurs(volume, run) ? volume : null;
}

function otherLabel({ name }: VolumeInfo, label: string): WfError {
  return new WfError(
    'E_NAME_IN_USE',
    `this run already has a volume ${name}, with another value of the label ${label}`,
    {
      hint: 'Give the two volumes of the workflow different names.',
    },
  );
}
