import * as z from 'zod/mini';
import { type Change, isInPlace } from '../../../engine/model/change.ts';
import type { StoredRun } from '../../../engine/ports/history.ts';
import type { HistoryReader } from '../../../history/reader.ts';
import { changeRecord } from '../../../review/record/run-record.ts';
import { type IsAlive, runStatus } from '../../../review/record/run-status.ts';
import { statusPaint, type TextStyle } from '../../../review/text/format/text-style.ts';
import { keptLines, remainingLines } from '../../../review/text/run/ledger-text.ts';
import { type FoundRun, findRun } from '../../arguments/find-run.ts';
import { defineCommand } from '../../define-command.ts';
import { writeJson, writeLines } from '../../output/terminal.ts';

const options = z.object({ json: z._default(z.boolean(), false), run: z.optional(z.string()) });

/** Changes of one run that are in place. */
interface RunChanges {
  readonly run: StoredRun;
  readonly changes: readonly Change[];
}

/** `wf changes [RUN]`: lists the changes in place on this host with the commands that undo them, newest run first. */
export const changes = defineCommand(options, async ({ json, run: reference }, services, { out, err }) => {
  const history = await services.historyForReading();
  const inPlace =
    reference === undefined ? ofAllRuns(history) : ofRun(findRun(history, reference, services.places.database));
  if (json) {
    const records = inPlace.flatMap(({ run, changes }) =>
      changes.map((change) => ({ run: run.id, workflow: run.workflow, ...changeRecord(change) })),
    );
    writeJson(out, records);
  } else if (inPlace.length === 0) {
    writeLines(err, ['No changes of wf are in place on this host.']);
  } else {
    writeLines(
      out,
      inPlace.flatMap((one, index) => [...(index === 0 ? [] : ['']), ...runLines(one, services.isAlive, out.style)]),
    );
  }
  return 0;
});

function ofRun({ history, run }: FoundRun): readonly RunChanges[] {
  // The changes of an imported run are on the machine that it came from.
  const changes = run.importedFrom === null ? history.changes(run.id).filter(isInPlace) : [];
  return changes.length === 0 ? [] : [{ run, changes }];
}

function ofAllRuns(history: HistoryReader | undefined): readonly RunChanges[] {
  if (history === undefined) return [];
  const ids = new Set(history.changesInPlace().map((change) => change.run));
  return [...ids]
    .toReversed()
    .map((id) => history.run(id))
    .flatMap((run) => (run === undefined ? [] : ofRun({ history, run })));
}

function runLines(inPlace: RunChanges, isAlive: IsAlive, style: TextStyle): readonly string[] {
  const { run } = inPlace;
  const status = runStatus(run, isAlive);
  const title = `${style.colors.bold(run.id)}  ${run.workflow}  ${statusPaint(style, status)(status)}`;
  return [title, ...remainingLines(inPlace, style), ...keptLines(inPlace, style)];
}
