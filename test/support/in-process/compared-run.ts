import type { Change } from '../../../src/engine/model/change.ts';
import type { ComparedRun } from '../../../src/engine/ports/fingerprint.ts';
import { FACETS } from '../../../src/engine/workflow/facets.ts';
import { runId } from './folder-host.ts';

/** A run of this boot with these changes, none of which is a suspect unless it is given. */
export function comparedRun(
  run: string,
  changes: readonly Change[] = [],
  suspects: readonly Change[] = [],
): ComparedRun {
  return { run: runId(run), changes, suspects, arbitrary: FACETS, others: () => [], sameBoot: true };
}
