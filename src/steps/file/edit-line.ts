import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import type { FilePath } from '../../engine/ports/files.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { applyFile, FILE_CHANGE, installCommand, observeFile } from './file-change.ts';
import { contentState, fileOutput, fileOutputSchema, pathField, requireRegular } from './file-input.ts';
import type { SeenFile } from './file-state.ts';

/** Size limit of an edited file, in bytes. */
const LARGEST = 16 * 1024 ** 2;

const lineSchema = z.string().regex(/^[^\n\0]*$/);

const input = z.object({
  ...pathField,
  line: lineSchema.min(1).describe('the line, without its end'),
  prefix: lineSchema
    .min(1)
    .nullable()
    .default(null)
    .describe('text with which the line begins that is replaced or removed, literally; null: it is exactly `line`'),
  state: z.enum(['present', 'absent']).default('present').describe('whether the file is to have the line'),
});
type Input = z.output<typeof input>;

/** Makes one line of a file present or absent. */
export const editLine = defineStep({
  kind: 'file.line',
  description: 'Makes one line of a file present or absent; the undo restores the file if nobody has changed it since.',
  input,
  output: fileOutputSchema,
  ...FILE_CHANGE,
  commands: ({ path }) => [['install', '/dev/stdin', path]],
  rehearse: ({ path, line }) => ({ path, size: Buffer.byteLength(line) + 1 }),
  rehearseUndo: ({ path }) => [['install', '/dev/stdin', path]],
  observe: (asked, context, earlier) =>
    observeFile(
      asked.path,
      context,
      earlier,
      async (seen, at) => {
        requireRegular(seen, at);
        if (seen.state.type !== 'file') throw missing(asked.path);
        return {
          ...seen.state,
          ...(await contentState(await edited(asked, seen, at, context), context)),
          modifiedNs: null,
        };
      },
      (state) => fileOutput(asked.path, state),
    ),
  apply: (asked, record, found, context) =>
    applyFile(record, found, context, installCommand('/dev/stdin', record), async (seen) => ({
      type: 'bytes',
      bytes: await edited(asked, seen, record.at, context),
    })),
});

/** Returns the content of a file with the line, or without it. Other lines stay unchanged, byte by byte. */
async function edited(asked: Input, { found }: SeenFile, at: FilePath, { host }: HostContext): Promise<Uint8Array> {
  if (found === null) throw missing(asked.path);
  const content = Buffer.from(await host.files.read(at, found, LARGEST)).toString('latin1');
  return Buffer.from(editedText(asked, content), 'latin1');
}

function editedText({ path, line, prefix, state }: Input, content: string): string {
  const bytes = (text: string) => Buffer.from(text).toString('latin1');
  const lines = content.split('\n');
  const isLine = (one: string) => (prefix === null ? one === bytes(line) : one.startsWith(bytes(prefix)));
  const matching = lines.flatMap((one, index) => (isLine(one) ? [index] : []));
  const [first] = matching;
  if (state === 'absent') return lines.filter((one) => !isLine(one)).join('\n');
  if (first === undefined) return `${content}${content === '' || content.endsWith('\n') ? '' : '\n'}${bytes(line)}\n`;
  if (prefix !== null && matching.length > 1) throw ambiguous(path, prefix, matching.length);
  return lines.with(first, bytes(line)).join('\n');
}

function missing(path: string): WfError {
  return new WfError('E_FILE', `there is no file ${path} whose lines could be changed`, {
    hint: 'Write it first, with `file.write`.',
  });
}

function ambiguous(path: string, prefix: string, count: number): WfError {
  return new WfError('E_FILE', `${path} has ${count} lines that begin with ${JSON.stringify(prefix)}`, {
    hint: 'Give a longer prefix, or remove the other lines.',
  });
}
