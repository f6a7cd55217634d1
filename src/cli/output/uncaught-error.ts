import path from 'node:path';
import { packageRoot } from '../../definition/package-root.ts';
import { asWfError, WfError } from '../../engine/model/errors.ts';
import { errnoOf } from '../../host/machine/errno.ts';

/** An error that no code has caught. Raised by code that is not wf's, it is no defect of wf. */
export function uncaughtError(thrown: unknown): WfError {
  const error = asWfError(thrown);
  if (error.code !== 'E_INTERNAL') return error;
  // wf throws errors only, and none that Node has to wrap.
  const isForeign = !(thrown instanceof Error) || errnoOf(thrown) === 'ERR_UNHANDLED_REJECTION';
  const place = placeOf(thrown);
  if (!isForeign && (place === undefined || isOwn(place))) return error;
  const where = isForeign || place === undefined ? '' : ` at ${place}`;
  return new WfError('E_UNCAUGHT', `${error.message}: raised${where}, and caught nowhere`, {
    hint: 'A timer, a callback or a promise of a workflow file raises it outside of any step: catch it there, or let a step do that work.',
    cause: thrown,
  });
}

/** The first line of code in its stack that is not Node's: `/home/ann/workflows/x.ts:12:9`. */
function placeOf(thrown: unknown): string | undefined {
  const stack = thrown instanceof Error ? (thrown.stack ?? '') : '';
  const frames = stack
    .split('\n')
    .flatMap((line) => /^ +at (?:.* \()?(?:file:\/\/)?(\/.*:\d+:\d+)\)?$/.exec(line)?.[1] ?? []);
  return frames[0];
}

function isOwn(place: string): boolean {
  return ['dist', 'src', 'node_modules'].some((folder) => place.startsWith(path.join(packageRoot(), folder, path.sep)));
}
