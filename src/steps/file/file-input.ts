import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import type { FilePath } from '../../engine/ports/files.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { type FileState, notManaged, type SeenFile } from './file-state.ts';

const COMMAND_MS = 10_000;
const DEFAULT_FILE_MODE = 0o644;

const pathSchema = z
  .string()
  .regex(/^\/[^\0]*[^/\0]$/)
  .describe('absolute path; links in the path of its folder are followed once, one at its end never');

export const pathField = { path: pathSchema };
export const sourceField = { source: pathSchema };

const ownerSchema = (what: string, kept: string) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_.][A-Za-z0-9_.-]*\$?$/)
    .nullable()
    .default(null)
    .describe(`${what}, by name or number; null: ${kept}`);

/** Input fields for the owner of the file, link or folder. */
export const ownerFields = {
  owner: ownerSchema('owner', 'that of what is replaced, else the user of wf'),
  group: ownerSchema('group', 'that of what is replaced, else the group of wf'),
};

/** Input field for permissions. */
export const modeSchema = z
  .string()
  .regex(/^[0-7]{3,4}$/)
  .nullable()
  .default(null);

export interface AskedAttributes {
  readonly mode?: string | null;
  readonly owner: string | null;
  readonly group: string | null;
}

/** Output of a step that writes a file. */
export const fileOutputSchema = z.object({
  path: z.string().describe('path of the file'),
  size: z.number().int().describe('its size in bytes'),
});

/** Returns the output of a step that writes a file. */
export function fileOutput(path: string, state: FileState): z.output<typeof fileOutputSchema> {
  if (state.type !== 'file') throw new Error(`${path} is no file`);
  return { path, size: state.size };
}

/** Returns the size and digest of the new content of a file. */
export async function contentState(
  bytes: Uint8Array,
  { host }: HostContext,
): Promise<{ digest: string; size: number }> {
  return { digest: await host.files.digestOf(bytes), size: bytes.length };
}

/** Returns the new attributes of a file, link or folder: the requested ones, else those of the one it replaces, else defaults. */
export async function attributesOf(
  { mode, owner, group }: AskedAttributes,
  { found }: Pick<SeenFile, 'found'>,
  context: HostContext,
  defaultMode = DEFAULT_FILE_MODE,
): Promise<{ mode: number; uid: number; gid: number }> {
  return {
    mode: mode ? Number.parseInt(mode, 8) : (found?.mode ?? defaultMode),
    uid: owner === null ? (found?.uid ?? context.host.place.user) : await idOf('passwd', owner, context),
    gid: group === null ? (found?.gid ?? process.getegid?.() ?? 0) : await idOf('group', group, context),
  };
}

/** Refuses to replace anything but a regular file with a single name. @throws WfError E_FILE */
export function requireRegular({ state, found }: SeenFile, at: FilePath): void {
  if (state.type === 'link') throw notManaged(at, `is a symbolic link to ${state.target}`);
  if (state.type === 'folder') throw notManaged(at, 'is a folder');
  requireOneName(found, at);
}

/** @throws WfError E_FILE for a file with several hard links, which a restored file would not have */
export function requireOneName(found: SeenFile['found'], at: FilePath): void {
  if (found?.type === 'file' && found.links > 1) throw notManaged(at, `has ${found.links} hard links`);
}

/** Returns the number of a user or group, whatever directory it is in. */
async function idOf(database: 'passwd' | 'group', name: string, { host, signal }: HostContext): Promise<number> {
  if (/^\d+$/.test(name)) return Number(name);
  const { stdout } = await host.command.run(['getent', '--', database, name], { timeoutMs: COMMAND_MS, signal });
  const id = stdout.split(':')[2]?.trim() ?? '';
  if (/^\d+$/.test(id)) return Number(id);
  const what = database === 'passwd' ? 'user' : 'group';
  throw new WfError('E_STEP_INPUT', `there is no ${what} ${name} on this host`, {
    hint: `List them with \`getent ${database}\`.`,
  });
}
