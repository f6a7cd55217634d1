import { z } from 'zod';
import { type RunChanges, runChanges } from '../../../review/changes/run-changes.ts';
import { type ComparedRun, compareRuns } from '../../../review/compare/run-comparison.ts';
import { readRunMaterial } from '../../../review/record/run-material.ts';
import { runRecord } from '../../../review/record/run-record.ts';
import { runStatus } from '../../../review/record/run-status.ts';
import type { TextStyle } from '../../../review/text/format/text-style.ts';
import { runChangesLines } from '../../../review/text/run/run-changes-text.ts';
import { runComparisonLines } from '../../../review/text/run/run-comparison-text.ts';
import { timelineOf } from '../../../review/timeline/timeline.ts';
import { type FoundRun, findRun, LATEST } from '../../arguments/find-run.ts';
import { DIFF_FORMATS, type DiffFormat } from '../../command-table/formats.ts';
import { defineCommand } from '../../define-command.ts';
import { jsonText, linesText } from '../../output/terminal.ts';
import {
  documentOptions,
  documentStyle,
  type FormatEndings,
  formatOf,
  writeDocument,
} from '../../output/write-document.ts';
import type { Services } from '../../services/services.ts';

const options = z.object({
  ...documentOptions,
  format: z.enum(DIFF_FORMATS).optional(),
  run: z.string().default(LATEST),
  other: z.string().optional(),
});

const ENDINGS: FormatEndings<DiffFormat> = { text: ['.txt'], json: ['.json'] };

/** Result of a comparison, for both formats. */
interface Found {
  readonly title: string;
  readonly record: unknown;
  readonly lines: (style: TextStyle) => readonly string[];
}

/** `wf diff RUN [OTHER]`: shows what a run changed on the host, or how two runs of a workflow differ. */
export const diff = defineCommand(options, async (given, services, terminal) => {
  const format = formatOf(given, ENDINGS, given.json ? 'json' : 'text');
  const history = await services.historyForReading();
  const run = findRun(history, given.run, services.places.database);
  const { title, record, lines } =
    given.other === undefined
      ? changesOf(run, services)
      : await comparisonOf(run, findRun(history, given.other), services);
  const style = documentStyle(given, terminal.out);
  const text = format === 'json' ? jsonText(record) : linesText(lines(style));
  writeDocument({ title, format, text, about: { run: run.run.id } }, given, terminal);
  return 0;
});

function changesOf({ history, run }: FoundRun, services: Services): Found {
  const material = readRunMaterial(history, run);
  const status = runStatus(run, services.isAlive);
  const record: RunChanges = runChanges(material, status, history);
  const { offsetAt } = timelineOf(material.journal, status, services.clock.now());
  return {
    title: `the changes of run ${run.id}`,
    record,
    lines: (style) => runChangesLines(record, material, (moment) => offsetAt(Date.parse(moment)), style),
  };
}

async function comparisonOf(first: FoundRun, second: FoundRun, services: Services): Promise<Found> {
  const { definitionDifferences } = await import('../../../definition/definition-diff.ts');
  const [one, other] = [comparedRun(first, services), comparedRun(second, services)];
  const record = compareRuns(first.history, one, other, definitionDifferences, services.isAlive);
  return {
    title: `the comparison of runs ${first.run.id} and ${second.run.id}`,
    record,
    lines: (style) => runComparisonLines(record, style),
  };
}

function comparedRun({ history, run }: FoundRun, services: Services): ComparedRun {
  const material = readRunMaterial(history, run);
  return { material, record: runRecord(material, services.isAlive) };
}
