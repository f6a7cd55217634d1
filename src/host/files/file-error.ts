import { WfError } from '../../engine/model/errors.ts';
import { errnoOf } from '../machine/errno.ts';

/** The next thing to do after an error of the system. */
const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'Free some space on its file system (`df`), then try again.',
  EDQUOT: 'Free some space, or raise the quota of this user, then try again.',
  EROFS: 'Its file system is read-only: mount it writable, or choose another path.',
  ENOENT: 'Create the folder that it is to be in first.',
  ENOTDIR: 'A component of the path is no folder: correct the path.',
  ENOTEMPTY: 'Somebody else has put files into the folder: move them away.',
  ENAMETOOLONG: 'Choose a shorter name.',
};

/** Returns the error for a failed operation on a file. @param doing the operation: `create`, `replace` */
export function fileError(doing: string, file: string, thrown: unknown): WfError {
  if (thrown instanceof WfError) return thrown;
  const errno = errnoOf(thrown);
  // Omits the path, which contains a descriptor.
  const why = thrown instanceof Error ? thrown.message.replace(/, [a-z]+(?: '.*)?$/s, '') : String(thrown);
  if (errno === 'EACCES' || errno === 'EPERM') {
    return new WfError('E_PERMISSION', `wf may not ${doing} ${file}: ${why}`, {
      hint: 'Run wf as a user who may, or check with `lsattr -d` whether the file or its folder is immutable (`chattr -i`).',
      details: { errno: errno ?? null },
      cause: thrown,
    });
  }
  return new WfError('E_FILE', `wf could not ${doing} ${file}: ${why}`, {
    hint: HINTS[errno ?? ''] ?? 'Inspect the file and its file system by hand.',
    details: { errno: errno ?? null },
    cause: thrown,
  });
}

/** Returns the error for a file that has changed since it was observed. */
export function changedMeanwhile(file: string): WfError {
  return new WfError('E_FILE_CHANGED', `${file} was changed by another process while wf worked on it`, {
    hint: 'wf left it as it is. Find out what writes it, then try again.',
  });
}
