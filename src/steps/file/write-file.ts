import { z } from 'zod';
import { defineStep } from '../../engine/workflow/define-step.ts';
import { applyFile, FILE_CHANGE, installCommand, observeFile } from './file-change.ts';
import {
  attributesOf,
  contentState,
  fileOutput,
  fileOutputSchema,
  modeSchema,
  ownerFields,
  pathField,
  requireRegular,
} from './file-input.ts';
import { contentFields, contentOf, ONE_CONTENT } from './template.ts';

const input = z
  .object({
    ...pathField,
    ...contentFields,
    mode: modeSchema.describe(
      'permissions in octal, such as `0640`; null: those of the file which is replaced, else 0644',
    ),
    ...ownerFields,
  })
  .refine(...ONE_CONTENT);

/** Writes a whole file. */
export const writeFile = defineStep({
  kind: 'file.write',
  description: 'Writes a file whole or not at all; the previous one is kept, and restored by the undo.',
  input,
  output: fileOutputSchema,
  ...FILE_CHANGE,
  commands: ({ path, mode }) => [['install', `--mode=${mode ?? '0644'}`, '/dev/stdin', path]],
  rehearse: (asked) => ({ path: asked.path, size: Buffer.byteLength(contentOf(asked)) }),
  rehearseUndo: ({ path }) => [['rm', path]],
  observe: (asked, context, earlier) =>
    observeFile(
      asked.path,
      context,
      earlier,
      async (seen, at) => {
        requireRegular(seen, at);
        const attributes = await attributesOf(asked, seen, context);
        return {
          type: 'file',
          ...(await contentState(Buffer.from(contentOf(asked)), context)),
          ...attributes,
          modifiedNs: null,
          extended: null,
        };
      },
      (state) => fileOutput(asked.path, state),
    ),
  apply: (asked, record, found, context) =>
    applyFile(record, found, context, installCommand('/dev/stdin', record), async () => ({
      type: 'bytes',
      bytes: Buffer.from(contentOf(asked)),
    })),
});
