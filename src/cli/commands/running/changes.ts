import * as z from 'zod/mini';
import type { HistoryReader } from '../../../history/reader.ts';
import {
  type ChangesInPlace,
  changeInPlaceRecords,
  changesInPlace,
  changesInPlaceOf,
} from '../../../review/changes/changes-in-place.ts';
import { type IsAlive, runStatus } from '../../../review/record/run-status.ts';
import { statusPaint, type TextStyle } from '../../../review/text/format/text-style.ts';
import { keptLines, remainingLines } from '../../../review/text/run/ledger-text.ts';
import { findRun } from '../../arguments/find-run.ts';
import { defineCommand } from '../../define-command.ts';
import { writeJson, writeLines } from '../../output/terminal.ts';

const options = z.object({ json: z._default(z.boolean(), false), run: z.optional(z.string()) });

/** `wf changes [RUN]`: lists the changes in place on this host with the commands that undo them, newest run first. */
export const changes = defineCommand(options, async ({ json, run: reference }, services, { out, err }) => {
  const history = await services.historyForReading();
  const inPlace = inPlaceOf(history, reference, services.places.database);
  if (json) {
    writeJson(out, changeInPlaceRecords(inPlace));
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

function inPlaceOf(
  history: HistoryReader | undefined,
  reference: string | undefined,
  database: string,
): readonly ChangesInPlace[] {
  if (reference === undefined) return history === undefined ? [] : changesInPlace(history);
  const found = findRun(history, reference, database);
  return changesInPlaceOf(found.history, found.run);
}

function runLines(inPlace: ChangesInPlace, isAlive: IsAlive, style: TextStyle): readonly string[] {
  const { run } = inPlace;
  const status = runStatus(run, isAlive);
  const title = `${style.colors.bold(run.id)}  ${run.workflow}  ${statusPaint(style, status)(status)}`;
  return [title, ...remainingLines(inPlace, style), ...keptLines(inPlace, style)];
}
