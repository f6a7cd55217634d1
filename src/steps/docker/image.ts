import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import { asCommand } from './client-output.ts';
import { ENGINE_RETRY, LATE_EFFECT_MS } from './engine/policy.ts';
import { engineIdSchema, requireMadeOnEngine, requireSameEngine } from './engine/same-engine.ts';
import { orUnknown } from './engine/unknown.ts';
import { imageReferenceSchema, shortId } from './names.ts';

const PULL_TIMEOUT_MS = 10 * 60_000;

/** Ensures that an image is present and pulls it if it is not. A pulled image is kept. */
export const dockerImage = defineStep({
  kind: 'docker.image',
  description:
    'Ensures that an image is present; pulls it if the engine lacks it. wf keeps the image when the run ends.',
  input: z.object({
    reference: imageReferenceSchema.describe('image reference such as `alpine:3.20`'),
    auth: z
      .strictObject({
        username: z.string().min(1).describe('user name'),
        password: z.string().min(1).describe('password or access token; pass it as a secret input'),
      })
      .nullable()
      .default(null)
      .describe('credentials for the registry, for the pull alone; null uses none'),
  }),
  output: z.object({
    id: z.string().describe('image id'),
    reference: z.string().describe('image reference of the input'),
    pulled: z.boolean().describe('whether this step pulled the image'),
    entrypoint: z.array(z.string()).describe('entrypoint of the image'),
    command: z.array(z.string()).describe('default command of the image'),
  }),
  record: z.object({ reference: z.string(), id: z.string().nullable(), engine: engineIdSchema }),
  kept: 'an image is a cache: other containers may use it, and the next run does not pull it again',
  timeoutMs: PULL_TIMEOUT_MS,
  retry: ENGINE_RETRY,
  survivesReboot: true,
  // Fingerprints do not contain images.
  alters: [],
  // An engine aborts a pull that no client waits for, unless it is nearly complete.
  lateEffectMs: LATE_EFFECT_MS,
  commands: ({ reference }) => [['docker', 'pull', reference]],
  rehearse: ({ reference }) => ({
    id: `sha256:${'0'.repeat(64)}`,
    reference,
    pulled: false,
    entrypoint: [],
    command: [],
  }),

  observe: ({ reference }, context, earlier) =>
    orUnknown(async () => {
      const target = `image ${reference}`;
      if (earlier !== undefined) await requireSameEngine(earlier.engine, context);
      const engine = await context.host.docker.engineId();
      const startedAt = context.host.clock.now();
      const image = await context.host.docker.image(reference);
      if (image === null) return { found: 'absent', target, record: { reference, id: null, engine } };
      const { id, entrypoint, command } = image;
      context.record({
        command: context.host.docker.shown(['docker', 'image', 'inspect', '--format', '{{.Id}}', reference]),
        output: id,
        exitCode: 0,
        startedAt,
        durationMs: context.host.clock.now() - startedAt,
      });
      const facts = { id, reference, entrypoint: [...entrypoint], command: [...command] };
      // An earlier intent means that this step pulled the image: the ledger must keep it.
      if (earlier === undefined) return { found: 'unchanged', output: { ...facts, pulled: false } };
      return { found: 'ours', target, record: { reference, id, engine }, output: { ...facts, pulled: true } };
    }),

  async apply({ reference, auth }, record, _found, context) {
    const { docker } = context.host;
    const lines: string[] = [];
    const image = await asCommand(
      context,
      ['docker', 'pull', reference],
      async () => {
        const onProgress = (line: string) => {
          // Progress bars belong to the live view; the evidence keeps the layers and the result.
          if (!/Downloading|Extracting|Waiting|Pulling fs layer/.test(line)) lines.push(line);
          context.progress(line);
        };
        await docker.pullImage(reference, onProgress, context.signal, auth);
        return docker.image(reference);
      },
      () => lines.join('\n'),
    );
    if (image === null) {
      throw new WfError('E_IMAGE_UNAVAILABLE', `image ${reference} was pulled and is missing`, {
        hint: `Check with \`docker image inspect ${reference}\` whether something removes images (\`docker image prune\`).`,
      });
    }
    return { ...record, id: image.id };
  },

  requireMadeHere: requireMadeOnEngine,

  inspect: ({ reference, id, engine }, context) =>
    orUnknown(async () => {
      await requireSameEngine(engine, context);
      const image = await context.host.docker.image(reference);
      if (image !== null && (id === null || image.id === id)) return { found: 'in place' };
      return { found: 'gone', reason: `image ${reference}${id === null ? '' : ` (${shortId(id)})`} does not exist` };
    }),

  async undo({ reference, id }, context) {
    const { docker } = context.host;
    const image = await docker.image(reference);
    if (image === null || (id !== null && image.id !== id)) return;
    await asCommand(
      context,
      ['docker', 'image', 'rm', reference],
      () => docker.removeImage(reference),
      () => `Untagged: ${reference}`,
    );
  },

  undoCommands: ({ reference }) => [['docker', 'image', 'rm', reference]],
});
