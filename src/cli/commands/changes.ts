import * as z from 'zod/mini';
import { type Change, isInPlace } from '../../engine/model/change.ts';
import type { StoredRun } from '../../engine/ports/history.ts';
import type { HistoryReader } from '../../history/reader.ts';
import { changeRecord } from '../../review/record/run-record.ts';
import { type IsAlive, runStatus } from '../../review/record/run-status.ts';
import { statusPaint, type TextStyle } from '../../review/text/format/text-style.ts';
import { keptLines, remainingLines } from '../../review/text/run/ledger-text.ts';
import { type FoundRun, findRun } from '../arguments/find-run.ts';
import { defineCommand } from '../define-command.ts';
import { writeJson, writeLines } from '../output/terminal.ts';

const options = z.object({ json: z._default(z.boolean(), false), run: z.optional(z.string()) });

/** The changes of one run that are in place. */
interface Standing {
  readonly run: StoredRun;
  readonly changes: readonly Change[];
}

/** `wf changes [RUN]`: changes of wf in place on this host, and the commands that undo them; newest run first. */
export const changes = defineCommand(options, async ({ json, run: reference }, wire, { out, err }) => {
  const history = await wire.historyForReading();
  const standing =
    reference === undefined ? ofAllRuns(history) : ofRun(findRun(history, reference, wire.places.database));
  if (json) {
    const records = standing.flatMap(({ run, changes }) =>
      changes.map((change) => ({ run: run.id, workflow: run.workflow, ...changeRecord(change) })),
    );
    writeJson(out, records);
  } else if (standing.length === 0) {
    writeLines(err, ['No change of wf is in place on this host.']);
  } else {
    writeLines(
      out,
      standing.flatMap((one, index) => [...(index === 0 ? [] : ['']), ...standingLines(one, wire.isAlive, out.style)]),
    );
  }
  return 0;
});

function ofRun({ history, run }: FoundRun): readonly Standing[] {
  // What an imported run changed is on the machine that it came from.
  const changes = run.importedFrom === null ? history.changes(run.id).filter(isInPlace) : [];
  return changes.length === 0 ? [] : [{ run, changes }];
}

function ofAllRuns(history: HistoryReader | undefined): readonly Standing[] {
  if (history === undefined) return [];
  const ids = new Set(history.changesInPlace().map((change) => change.run));
  return [...ids]
    .toReversed()
    .map((id) => history.run(id))
    .flatMap((run) => (run === undefined ? [] : ofRun({ history, run })));
}

function standingLines(standing: Standing, isAlive: IsAlive, style: TextStyle): readonly string[] {
  const { run } = standing;
  const status = runStatus(run, isAlive);
  const title = `${style.colors.bold(run.id)}  ${run.workflow}  ${statusPaint(style, status)(status)}`;
  return [title, ...remainingLines(standing, style), ...keptLines(standing, style)];
}
