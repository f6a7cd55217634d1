import { type ExitCode, WfError } from '../../engine/model/errors.ts';
import { readRunMaterial } from '../../review/record/run-material.ts';
import { runRecord } from '../../review/record/run-record.ts';
import type { FoundRun } from '../arguments/find-run.ts';
import { followedExitCode, signalExitCode } from '../output/errors/exit-code.ts';
import type { Services } from '../services/services.ts';
import type { FollowEnd } from './follow-journal.ts';

/** Refuses `--exit-code` without `--follow`. @throws WfError E_USAGE */
export function requireFollow({ follow, exitCode }: { readonly follow: boolean; readonly exitCode: boolean }): void {
  if (follow || !exitCode) return;
  throw new WfError('E_USAGE', '--exit-code needs --follow', { hint: 'Add --follow, or remove --exit-code.' });
}

/**
 * Returns the exit code of `--follow --exit-code`: that of the run, or of the signal that ended the following.
 * @param end undefined if there was nothing to follow
 */
export function exitCodeOfFollowed(
  { history, run }: FoundRun,
  end: FollowEnd | undefined,
  services: Services,
): ExitCode {
  if (end?.type === 'stopped') return signalExitCode(end.signal);
  const material = readRunMaterial(history, history.run(run.id) ?? run);
  return followedExitCode(runRecord(material, services.isAlive));
}
