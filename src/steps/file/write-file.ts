import { z } from 'zod';
import { defineStep } from '../../engine/workflow/define-step.ts';
import { digestOf } from './digest.ts';
import { applyFile, FILE_CHANGE, installCommand, observeFile } from './file-change.ts';
import {
  attributesOf,
  fileOutput,
  fileOutputSchema,
  modeSchema,
  ownerFields,
  pathField,
  requireRegular,
} from './file-input.ts';
import { fillTemplate } from './template.ts';

const input = z
  .object({
    ...pathField,
    content: z.string().nullable().default(null).describe('whole content of the file; null: the template gives it'),
    template: z.string().nullable().default(null).describe('content in which each `{{name}}` is replaced by its value'),
    values: z
      .record(z.string(), z.union([z.string(), z.number()]))
      .default({})
      .describe('one value for each name in the template'),
    mode: modeSchema.describe(
      'permissions in octal, such as `0640`; null: those of the file which is replaced, else 0644',
    ),
    ...ownerFields,
  })
  .refine(({ content, template }) => (content === null) !== (template === null), 'give either content or template');
type Input = z.output<typeof input>;

/** Writes a whole file. */
export const writeFile = defineStep({
  kind: 'file.write',
  description: 'Writes a file whole or not at all; the previous one is kept, and restored by the undo.',
  input,
  output: fileOutputSchema,
  ...FILE_CHANGE,
  commands: ({ path, mode }) => [['install', `--mode=${mode ?? '0644'}`, '/dev/stdin', path]],
  rehearse: (asked) => ({ path: asked.path, ...digestOf(contentOf(asked)) }),
  rehearseUndo: ({ path }) => [['rm', path]],
  observe: (asked, context, earlier) =>
    observeFile(
      asked.path,
      context,
      earlier,
      async (seen, at) => {
        requireRegular(seen, at);
        const attributes = await attributesOf(asked, seen, context);
        return { type: 'file', ...digestOf(contentOf(asked)), ...attributes, modifiedNs: null, extended: null };
      },
      (state) => fileOutput(asked.path, state),
    ),
  apply: (asked, record, _found, context) =>
    applyFile(record, context, installCommand('/dev/stdin', record), async () => ({
      type: 'bytes',
      bytes: contentOf(asked),
    })),
});

function contentOf({ content, template, values }: Input): Buffer {
  return Buffer.from(template === null ? (content ?? '') : fillTemplate(template, values));
}
