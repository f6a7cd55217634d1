import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import type { FileContent } from '../../engine/ports/files.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { applyFile, FILE_CHANGE, installCommand, observeFile } from './file-change.ts';
import {
  attributesOf,
  fileOutput,
  fileOutputSchema,
  modeSchema,
  ownerFields,
  pathField,
  requireRegular,
  sourceField,
} from './file-input.ts';

const input = z.object({
  ...sourceField,
  ...pathField,
  mode: modeSchema.describe(
    'permissions in octal; null: those of the file which is replaced, else those of the source',
  ),
  ...ownerFields,
});

/** Copies the content of a file. */
export const copyFile = defineStep({
  kind: 'file.copy',
  description: 'Copies a file whole or not at all; the previous one is kept, and restored by the undo.',
  input,
  output: fileOutputSchema,
  ...FILE_CHANGE,
  commands: ({ source, path }) => [['install', source, path]],
  rehearse: ({ path }) => ({ path, size: 0 }),
  rehearseUndo: ({ path }) => [['rm', path]],
  observe: (asked, context, earlier) =>
    observeFile(
      asked.path,
      context,
      earlier,
      async (seen, at) => {
        requireRegular(seen, at);
        const { path, found } = await sourceOf(asked.source, context);
        const digest = await context.host.files.digest(path, found);
        const attributes = await attributesOf(asked, seen, context, found.mode & 0o777);
        return { type: 'file', digest, size: found.size, ...attributes, modifiedNs: null, extended: null };
      },
      (state) => fileOutput(asked.path, state),
    ),
  apply: ({ source }, record, found, context) =>
    applyFile(record, found, context, installCommand(source, record), () => sourceOf(source, context)),
});

async function sourceOf(source: string, { host }: HostContext): Promise<Extract<FileContent, { type: 'file' }>> {
  const path = await host.files.locate(source);
  const found = await host.files.inspect(path);
  if (found?.type === 'file') return { type: 'file', path, found };
  throw new WfError('E_FILE', `the source ${source} ${found === null ? 'does not exist' : 'is no regular file'}`, {
    hint: 'Name an existing file; a symbolic link is not followed.',
  });
}
