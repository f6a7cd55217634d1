import { z } from 'zod';
import type { Argv } from '../../engine/ports/command.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import { applyFile, FILE_CHANGE, noContent, observeFile } from './file-change.ts';
import { attributesOf, ownerFields, pathField } from './file-input.ts';
import { notManaged } from './file-state.ts';

const input = z.object({
  ...pathField,
  target: z
    .string()
    .regex(/^[^\0]+$/)
    .describe('text of the link: a path, absolute or relative to its folder; it need not exist'),
  ...ownerFields,
});

/** Creates a symbolic link, or changes the target of one. */
export const createSymlink = defineStep({
  kind: 'file.link',
  description: 'Creates a symbolic link, or lets one lead elsewhere at once; the undo lets it lead where it did.',
  input,
  output: z.object({
    path: z.string().describe('path of the link'),
    target: z.string().describe('where it leads'),
  }),
  ...FILE_CHANGE,
  commands: ({ path, target }) => [linkCommand(path, target)],
  rehearse: ({ path, target }) => ({ path, target }),
  rehearseUndo: ({ path }) => [['rm', path]],
  observe: (asked, context, earlier) =>
    observeFile(
      asked.path,
      context,
      earlier,
      async (seen, at) => {
        if (seen.state.type !== 'link' && seen.state.type !== 'absent') throw notManaged(at, 'is no symbolic link');
        const { uid, gid } = await attributesOf(asked, seen, context);
        return { type: 'link', target: asked.target, uid, gid, modifiedNs: null };
      },
      () => ({ path: asked.path, target: asked.target }),
    ),
  apply: ({ path, target }, record, found, context) =>
    applyFile(record, found, context, linkCommand(path, target), noContent),
});

function linkCommand(path: string, target: string): Argv {
  return ['ln', '--symbolic', '--force', '--no-dereference', '--', target, path];
}
