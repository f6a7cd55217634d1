import { z } from 'zod';
import { defineStep } from '../../engine/workflow/define-step.ts';
import { applyFile, FILE_CHANGE, noContent, observeFile } from './file-change.ts';
import { attributesOf, modeSchema, ownerFields, pathField } from './file-input.ts';
import { notManaged } from './file-state.ts';

const DEFAULT_MODE = 0o755;

const input = z.object({
  ...pathField,
  mode: modeSchema.describe('permissions in octal; null: those of the folder that exists, else 0755'),
  ...ownerFields,
});

/** Creates a folder in an existing one. */
export const createFolder = defineStep({
  kind: 'file.folder',
  description: 'Creates a folder; the undo removes it if it is empty again.',
  input,
  output: z.object({ path: z.string().describe('path of the folder') }),
  ...FILE_CHANGE,
  commands: ({ path, mode }) => [['mkdir', `--mode=${mode ?? '0755'}`, path]],
  rehearse: ({ path }) => ({ path }),
  rehearseUndo: ({ path }) => [['rmdir', path]],
  observe: (asked, context, earlier) =>
    observeFile(
      asked.path,
      context,
      earlier,
      async (seen, at) => {
        const { state } = seen;
        const attributes = await attributesOf(asked, seen, context, DEFAULT_MODE);
        if (state.type === 'absent') return { type: 'folder', ...attributes, inode: null };
        const { mode, uid, gid } = attributes;
        const isAsAsked = state.type === 'folder' && state.mode === mode && state.uid === uid && state.gid === gid;
        if (!isAsAsked) throw notManaged(at, 'exists, and is no folder with this mode and owner');
        return state;
      },
      () => ({ path: asked.path }),
    ),
  apply: ({ path, mode }, record, found, context) =>
    applyFile(record, found, context, ['mkdir', `--mode=${mode ?? '0755'}`, path], noContent),
});
