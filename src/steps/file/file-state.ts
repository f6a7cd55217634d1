import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import type { FileFound, FilePath } from '../../engine/ports/files.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { extendedAttributesSchema, readExtendedAttributes } from './extended-attributes.ts';

/** Size limit of a file that wf replaces or copies, in bytes. */
const LARGEST = 1024 ** 3;

const owner = { uid: z.number().int(), gid: z.number().int() };
const mode = z.number().int();

/** The state of a file, link or folder, or its absence. Null is a value that an intent does not know yet. */
export const fileStateSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('absent') }),
  z.object({
    type: z.literal('file'),
    /** See FilesPort. */
    digest: z.string(),
    size: z.number().int(),
    mode,
    ...owner,
    /** Nanoseconds since the epoch. */
    modifiedNs: z.string().nullable(),
    extended: extendedAttributesSchema.nullable(),
  }),
  z.object({ type: z.literal('link'), target: z.string(), ...owner, modifiedNs: z.string().nullable() }),
  z.object({ type: z.literal('folder'), mode, ...owner, inode: z.string().nullable() }),
]);
export type FileState = z.infer<typeof fileStateSchema>;

/** A state, and the object with this state. */
export interface SeenFile {
  readonly state: FileState;
  readonly found: FileFound | null;
}

/** Reads the state of a file. @throws WfError E_FILE for a device, a socket or a pipe */
export async function readFileState(at: FilePath, context: HostContext): Promise<SeenFile> {
  const { files } = context.host;
  const found = await files.inspect(at);
  if (found === null) return { state: { type: 'absent' }, found };
  const { type, uid, gid, size, modifiedNs, inode } = found;
  switch (type) {
    case 'link':
      return { state: { type, target: found.target ?? '', uid, gid, modifiedNs }, found };
    case 'folder':
      return { state: { type, mode: found.mode, uid, gid, inode }, found };
    case 'other':
      throw notManaged(at, 'is a device, a socket or a pipe');
    case 'file': {
      if (size > LARGEST) throw notManaged(at, `has ${size} bytes, more than ${LARGEST}`);
      const digest = await files.digest(at, found);
      const extended = await readExtendedAttributes(at, context);
      return { state: { type, digest, size, mode: found.mode, uid, gid, modifiedNs, extended }, found };
    }
  }
}

/** Returns the differences between a file and a state. The time of the last change does not count. */
export function differencesFrom(expected: FileState, seen: FileState): readonly string[] {
  if (expected.type !== seen.type) return [`it is ${nameOf(seen)}, not ${nameOf(expected)}`];
  return Object.entries(expected).flatMap(([key, value]) => {
    const now = new Map(Object.entries(seen)).get(key);
    if (value === null || key === 'modifiedNs' || sortedJson(value) === sortedJson(now)) return [];
    return [DIFFERENCES[key] ?? key];
  });
}

const DIFFERENCES: Readonly<Record<string, string>> = {
  digest: 'its content differs',
  size: 'its size differs',
  mode: 'its mode differs',
  uid: 'its owner differs',
  gid: 'its group differs',
  extended: 'its extended attributes differ',
  target: 'it leads elsewhere',
  inode: 'it is another folder',
};

export function isSameState(expected: FileState, seen: FileState): boolean {
  return differencesFrom(expected, seen).length === 0;
}

function nameOf({ type }: FileState): string {
  return type === 'absent' ? 'missing' : `a ${type === 'link' ? 'symbolic link' : type}`;
}

/** Attributes have no order. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, typeof value === 'object' && value !== null ? Object.keys(value).toSorted() : undefined);
}

export function notManaged({ folder, name }: FilePath, why: string): WfError {
  return new WfError('E_FILE', `${folder.path === '/' ? '' : folder.path}/${name} ${why}, so wf does not change it`, {
    hint: 'Name a regular file, or change it with a command.',
  });
}
