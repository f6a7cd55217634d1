import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { pause } from '../../../engine/ports/clock.ts';
import type { History } from '../../../history/history.ts';
import type { PrunePlan, PrunePosition, PruneRequest } from '../../../history/prune/plan.ts';
import type { UnusedPosition } from '../../../history/prune/pruner.ts';
import type { Space } from '../../../history/prune/space.ts';
import { keptFolder, removeUnusedCopies } from '../../../host/files/kept-files.ts';
import { ageOption } from '../../../review/query/moment.ts';
import { type Pruned, prunedLines } from '../../../review/text/pruned-text.ts';
import { defineCommand } from '../../define-command.ts';
import { writeJson, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';

const options = z.object({
  json: z.boolean().default(false),
  olderThan: z.string().optional(),
  keep: z.number().int().positive().optional(),
  yes: z.boolean().default(false),
  compact: z.boolean().default(false),
});
type Given = z.output<typeof options>;

/** Pause between two transactions, so that a live run can write: SQLite retries a lock at least every 100 ms. */
const PAUSE_MS = 25;

/** `wf prune`: lists the old runs and unused plans to remove; removes them with `--yes`. A killed prune has removed only whole runs. */
export const prune = defineCommand(options, async (given, services, { out, err }) => {
  if (given.olderThan === undefined && given.keep === undefined) throw nothingSpecified(given);
  const request = requestOf(given, services);
  const pruned = given.yes ? await carriedOut(request, given, services) : await planned(request, services);
  if (given.json) writeJson(out, pruned);
  else writeLines(out, prunedLines(pruned, out.style));
  if (!given.json && !given.yes && Object.keys(pruned.runs).length + pruned.plans + pruned.fleetRuns > 0)
    writeLines(err, ['Nothing removed. Add --yes to remove them.']);
  return 0;
});

function requestOf({ olderThan, keep = 0 }: Given, { clock, isAlive }: Services): PruneRequest {
  const age = olderThan === undefined ? 0 : ageOption('--older-than', olderThan);
  const endedBefore = clock.now() - age;
  return { endedBefore, keep, ...(olderThan === undefined ? {} : { plansBefore: endedBefore }), isAlive };
}

const NO_SPACE: Space = { file: 0, free: 0 };
const NO_PLAN: PrunePlan = { removable: {}, onHost: 0, unfinished: 0, plans: 0, fleetRuns: 0 };

async function planned(request: PruneRequest, services: Services): Promise<Pruned> {
  const history = await services.historyForReading();
  const { removable, onHost, unfinished, plans, fleetRuns } = history?.prunePlan(request) ?? NO_PLAN;
  const { file, free } = history?.space() ?? NO_SPACE;
  return {
    dryRun: true,
    runs: removable,
    plans,
    fleetRuns,
    definitions: 0,
    fingerprints: 0,
    ...{ onHost, unfinished, isBusy: false, freedBytes: 0, freeBytes: free, fileBytes: file },
  };
}

async function carriedOut(request: PruneRequest, { compact }: Given, services: Services): Promise<Pruned> {
  // Creates no database if there is none.
  if ((await services.historyForReading()) === undefined)
    return { ...(await planned(request, services)), dryRun: false };
  const history = await services.history();
  const before = history.space();
  const runs = await removeRuns(history, request, services);
  removeUnusedCopies(keptFolder(services.places.database), (run) => history.run(run) !== undefined);
  const plans = history.prunePlans(request);
  const fleetRuns = history.pruneFleetCopies(request);
  const unused = await removeUnused(history, services);
  const removed = history.space();
  if (compact) history.compact(services.isAlive);
  const { onHost, unfinished } = history.prunePlan(request);
  const after = history.space();
  const freedBytes = Math.max(0, removed.free - before.free) + Math.max(0, before.file - removed.file);
  return {
    dryRun: false,
    runs,
    plans,
    fleetRuns,
    ...unused,
    onHost,
    unfinished,
    freedBytes,
    freeBytes: after.free,
    fileBytes: after.file,
  };
}

async function removeRuns(
  history: History,
  request: PruneRequest,
  services: Services,
): Promise<Record<string, number>> {
  const runs: Record<string, number> = {};
  let after: PrunePosition | null = null;
  do {
    const { removed, next } = history.pruneSome(request, after);
    for (const workflow of removed) runs[workflow] = (runs[workflow] ?? 0) + 1;
    after = next;
    if (after !== null) await pause(services.clock, PAUSE_MS);
  } while (after !== null);
  return runs;
}

async function removeUnused(history: History, services: Services) {
  const counts = { definitions: 0, fingerprints: 0 };
  let place: UnusedPosition | null = { table: 'definitions', hash: '' };
  while (place !== null) {
    const pruned = history.pruneUnused(place, services.isAlive);
    if (pruned.type === 'busy') return { ...counts, isBusy: true };
    counts[place.table] += pruned.removed;
    place = pruned.next;
    if (place !== null) await pause(services.clock, PAUSE_MS);
  }
  return { ...counts, isBusy: false };
}

function nothingSpecified({ compact }: Given): WfError {
  const more = compact ? ' --compact needs one of the two.' : '';
  return new WfError('E_USAGE', 'no runs are specified', {
    hint: `Specify --older-than (as in --older-than 90d), --keep (as in --keep 100), or both: then a run must match both.${more}`,
  });
}
