import path from 'node:path';
import { packageRoot } from '../../../definition/package-root.ts';
import { asWfError, WfError } from '../../../engine/model/errors.ts';
import { errnoOf } from '../../../host/machine/errno.ts';

/** Converts an uncaught error. An error from code outside wf is not a defect of wf. */
export function uncaughtError(thrown: unknown): WfError {
  const error = asWfError(thrown);
  if (error.code !== 'E_INTERNAL') return error;
  // wf throws only Error objects, which Node never wraps.
  const isForeign = !(thrown instanceof Error) || errnoOf(thrown) === 'ERR_UNHANDLED_REJECTION';
  const place = placeOf(thrown);
  if (!isForeign && (place === undefined || isOwn(place))) return error;
  const where = isForeign || place === undefined ? '' : ` at ${place}`;
  return new WfError('E_UNCAUGHT', `${error.message}: uncaught error${where}`, {
    hint: 'Catch it in the timer, callback or promise of the workflow file that raised it outside any step, or move that work into a step.',
    cause: thrown,
  });
}

/** Returns the first stack line outside Node: `/home/ann/workflows/x.ts:12:9`. */
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
