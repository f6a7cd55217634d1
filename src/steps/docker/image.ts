import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import { asCommand } from './client-output.ts';
import { ENGINE_RETRY, LANDS_WITHIN_MS } from './engine/policy.ts';
import { engineIdSchema, requireMadeOnEngine, requireSameEngine } from './engine/same-engine.ts';
import { orUnknown } from './engine/unknown.ts';
import { imageReferenceSchema, shortId } from './names.ts';

const PULL_TIMEOUT_MS = 10 * 60_000;

/** Makes sure that an image is there: pulls it where it is not. A pulled image is kept. */
export const dockerImage = defineStep({
  kind: 'docker.image',
  description: 'An image, pulled where the engine does not have it. It is kept when the run ends.',
  input: z.object({ reference: imageReferenceSchema }),
  output: z.object({
    id: z.string(),
    reference: z.string(),
    pulled: z.boolean(),
    entrypoint: z.array(z.string()),
    command: z.array(z.string()),
  }),
  record: z.object({ reference: z.string(), id: z.string().nullable(), engine: engineIdSchema }),
  kept: 'an image is a cache: other containers may use it, and the next run does not pull it again',
  timeoutMs: PULL_TIMEOUT_MS,
  retry: ENGINE_RETRY,
  survivesReboot: true,
  // A fingerprint holds no images.
  alters: [],
  // An engine gives up a pull that nobody waits for any more, unless it was all but done.
  landsWithinMs: LANDS_WITHIN_MS,
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
      await requireSameEngine(earlier?.engine ?? null, context);
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
      // With an earlier intent, the pull was this step's: the ledger must not lose it.
      if (earlier === undefined) return { found: 'unchanged', output: { ...facts, pulled: false } };
      return { found: 'ours', target, record: { reference, id, engine }, output: { ...facts, pulled: true } };
    }),

  async apply({ reference }, record, _found, context) {
    const { docker } = context.host;
    const lines: string[] = [];
    const image = await asCommand(
      context,
      ['docker', 'pull', reference],
      async () => {
        const onProgress = (line: string) => {
          // Progress bars are for the live view; the layers and the end are what stays.
          if (!/Downloading|Extracting|Waiting|Pulling fs layer/.test(line)) lines.push(line);
          context.progress(line);
        };
        await docker.pullImage(reference, onProgress, context.signal);
        return docker.image(reference);
      },
      () => lines.join('\n'),
    );
    if (image === null) {
      throw new WfError('E_IMAGE_UNAVAILABLE', `image ${reference} was pulled, and is not there`, {
        hint: `Is somebody removing images (\`docker image prune\`)? Look with \`docker image inspect ${reference}\`.`,
      });
    }
    return { ...record, id: image.id };
  },

  requireMadeHere: requireMadeOnEngine,

  look: ({ reference, id, engine }, context) =>
    orUnknown(async () => {
      await requireSameEngine(engine, context);
      const image = await context.host.docker.image(reference);
      if (image !== null && (id === null || image.id === id)) return { found: 'standing' };
      return { found: 'gone', reason: `image ${reference}${id === null ? '' : ` (${shortId(id)})`} is not there` };
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
