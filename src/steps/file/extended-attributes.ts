import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import type { Argv } from '../../engine/ports/command.ts';
import type { FilePath } from '../../engine/ports/files.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { FOLDER, runInFolder } from './run-in-folder.ts';

/** Extended attributes of a file, ACL and SELinux label included: name to value, in base64. */
export const extendedAttributesSchema = z.record(z.string(), z.string());
export type ExtendedAttributes = z.infer<typeof extendedAttributesSchema>;

/**
 * `getfattr` is rarely installed, `tar` nearly everywhere: it prints the attributes in a header before the file. Encoded in base64, because
 * the output of a command is text.
 */
const ARCHIVE = [
  'tar',
  '--create',
  '--format=posix',
  '--no-recursion',
  '--xattrs',
  '--xattrs-include=*',
  '--use-compress-program=base64',
  '--file=-',
  `--directory=${FOLDER}`,
  '--',
] as const satisfies Argv;
/** Number of bytes to read of the output: the kernel allows 64 KiB for a value. */
const HEADER_BYTES = 512 * 1024;

const BLOCK = 512;
const SIZE_AT = 124;
const TYPE_AT = 156;
const EXTENDED_HEADER = 'x';
const PREFIX = 'SCHILY.xattr.';

/** Reads the extended attributes of a file. */
export async function readExtendedAttributes(at: FilePath, context: HostContext): Promise<ExtendedAttributes> {
  const { stdout } = await runInFolder(context, at.folder, [...ARCHIVE, at.name], HEADER_BYTES);
  const archive = Buffer.from(stdout, 'base64');
  if (archive.toString('latin1', TYPE_AT, TYPE_AT + 1) !== EXTENDED_HEADER) return {};
  const end = BLOCK + Number.parseInt(archive.toString('latin1', SIZE_AT, SIZE_AT + 12), 8);
  const attributes: Record<string, string> = {};
  for (let start = BLOCK; start < end; ) {
    // LENGTH KEY=VALUE\n; LENGTH includes itself.
    const length = Number.parseInt(archive.toString('latin1', start, start + 8), 10);
    if (!(length > 0) || end > archive.length) throw unreadable(at);
    const record = archive.subarray(archive.indexOf(' ', start) + 1, start + length - 1);
    const key = record.toString('utf8', 0, record.indexOf('='));
    if (key.startsWith(PREFIX)) {
      attributes[key.slice(PREFIX.length)] = record.subarray(record.indexOf('=') + 1).toString('base64');
    }
    start += length;
  }
  return attributes;
}

/** Copies the extended attributes of a file to another, whose mode must be set afterwards: an ACL is part of it. */
export async function copyExtendedAttributes(
  from: string,
  to: string,
  at: FilePath,
  context: HostContext,
): Promise<void> {
  const options = ['--attributes-only', '--no-dereference', '--preserve=mode,xattr'];
  await runInFolder(context, at.folder, ['cp', ...options, '--', from, to]);
}

function unreadable({ folder, name }: FilePath): WfError {
  return new WfError('E_HOST_STATE_UNKNOWN', `the extended attributes of ${folder.path}/${name} cannot be read`, {
    hint: 'Print them with `getfattr --dump --match=-`, and remove those that nobody needs.',
  });
}
