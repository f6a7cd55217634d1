import { z } from 'zod';
import { defineStep } from '../../engine/workflow/define-step.ts';
import { applyFile, FILE_CHANGE, noContent, observeFile } from './file-change.ts';
import { pathField, requireOneName } from './file-input.ts';
import { notManaged } from './file-state.ts';

const input = z.object(pathField);

/** Removes a file or a symbolic link. */
export const removeFile = defineStep({
  kind: 'file.remove',
  description: 'Removes a file or a symbolic link; the undo restores it exactly.',
  input,
  output: z.object({ path: z.string().describe('path that no longer exists') }),
  ...FILE_CHANGE,
  commands: ({ path }) => [['rm', path]],
  rehearse: ({ path }) => ({ path }),
  rehearseUndo: ({ path }) => [['install', '/dev/stdin', path]],
  observe: ({ path }, context, earlier) =>
    observeFile(
      path,
      context,
      earlier,
      ({ state, found }, at) => {
        if (state.type === 'folder') throw notManaged(at, 'is a folder');
        requireOneName(found, at);
        return { type: 'absent' };
      },
      () => ({ path }),
    ),
  apply: ({ path }, record, found, context) => applyFile(record, found, context, ['rm', path], noContent),
});
