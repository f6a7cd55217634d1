import * as z from 'zod/mini';
import { WfError } from '../../../engine/model/errors.ts';
import { commandLine } from '../../../engine/model/evidence.ts';
import { STORED_RUN_STATUSES } from '../../../engine/ports/history.ts';
import type { HistoryReader } from '../../../history/reader.ts';
import { listRuns, type RunPage, type RunQuery, SEARCH_LIMIT } from '../../../review/query/list-runs.ts';
import { inputValue, typedRunQuery } from '../../../review/query/typed-run-query.ts';
import { readWaitMaterial } from '../../../review/record/run-material.ts';
import { runSummary } from '../../../review/record/run-record.ts';
import { didYouMean } from '../../../review/text/did-you-mean.ts';
import { momentText } from '../../../review/text/format/duration.ts';
import { oneLine } from '../../../review/text/format/plain-text.ts';
import type { TextStyle } from '../../../review/text/format/text-style.ts';
import { runListLines } from '../../../review/text/run/run-list.ts';
import { suggestedCommand } from '../../../review/text/suggestion.ts';
import { findRun } from '../../arguments/find-run.ts';
import { LIST_FORMATS, type ListFormat } from '../../command-table/formats.ts';
import { defineCommand } from '../../define-command.ts';
import { jsonText, linesText, writeLines } from '../../output/terminal.ts';
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
  format: z.optional(z.enum(LIST_FORMATS)),
  limit: z._default(z.int().check(z.positive()), 20),
  workflow: z.optional(z.string()),
  status: z.optional(z.enum([...STORED_RUN_STATUSES, 'interrupted'])),
  since: z.optional(z.string()),
  last: z.optional(z.string()),
  until: z.optional(z.string()),
  where: z._default(z.array(z.string()), []),
  text: z.optional(z.string()),
  before: z.optional(z.string()),
});
type Given = z.output<typeof options>;

const ENDINGS: FormatEndings<ListFormat> = { table: ['.txt'], json: ['.json'], ids: ['.ids'] };

/** `wf runs`: lists runs, newest first. */
export const runs = defineCommand(options, async (given, services, terminal) => {
  const format = listFormat(given);
  const query = typedRunQuery(given, services.clock.now(), optionOf);
  const history = await services.historyForReading();
  const page = history === undefined ? NOTHING : pageOf(history, given, query, services);
  const summaries = () =>
    history === undefined
      ? []
      : page.runs.map((run) => runSummary(run, services.isAlive, () => readWaitMaterial(history, run)));
  const style = documentStyle(given, terminal.out);
  const fleets = format === 'table' ? await fleetsText(history, given, query, services, style) : '';
  const text =
    format === 'json'
      ? jsonText(summaries())
      : [listText(page.runs, format, services, style), fleets].filter((table) => table !== '').join('\n');
  writeDocument({ title: 'the list of runs', format, text, about: {} }, given, terminal);
  if (!given.json && format !== 'json')
    writeLines(terminal.err, [
      ...(fleets === '' ? nothingLines(page, given, history, services) : []),
      ...nextLines(page, given, terminal.err.style),
    ]);
  return 0;
});

const optionOf = (condition: string) => `--${condition}`;

const NOTHING: RunPage = { runs: [], next: null, isCutOff: false };

function listFormat(given: Given): ListFormat {
  const format = formatOf(given, ENDINGS, given.json ? 'json' : 'table');
  if (given.json && format !== 'json') throw exclude('--json', `--format ${format}`);
  return format;
}

function listText(
  runs: RunPage['runs'],
  format: Exclude<ListFormat, 'json'>,
  services: Services,
  style: TextStyle,
): string {
  switch (format) {
    case 'ids':
      return linesText(runs.map(({ id }) => id));
    case 'table':
      return runs.length === 0 ? '' : linesText(runListLines(runs, services.isAlive, services.clock.now(), style));
  }
}

/** Returns a table of the newest copies of fleet runs, for the first page without a search for inputs or texts; otherwise empty. */
async function fleetsText(
  history: HistoryReader | undefined,
  { before, limit }: Given,
  { where, text, ...query }: Omit<RunQuery, 'before' | 'after'>,
  { clock }: Services,
  style: TextStyle,
): Promise<string> {
  if (before !== undefined || where.length > 0 || text !== undefined) return '';
  const found = history?.fleetCopies({ ...query, limit: limit + 1 }) ?? [];
  if (found.length === 0) return '';
  const { fleetListLines } = await import('../../../fleet/record/fleet-list.ts');
  const more = found.length > limit ? ['Older fleet runs: wf fleet runs'] : [];
  return linesText([...fleetListLines(found.slice(0, limit), clock.now(), style), ...more]);
}

function pageOf(
  history: HistoryReader,
  { before }: Given,
  query: Omit<RunQuery, 'before' | 'after'>,
  services: Services,
): RunPage {
  const from = before === undefined ? {} : { before: findRun(history, before).run.id };
  return listRuns(history, { ...query, ...from }, services.isAlive);
}

/** Explains an empty list. */
function nothingLines(
  { runs, isCutOff }: RunPage,
  given: Given,
  history: HistoryReader | undefined,
  { places: { database } }: Services,
): readonly string[] {
  if (runs.length > 0 || isCutOff) return [];
  const listHint = 'List the workflows with `wf workflows`.';
  if (history === undefined) return [`No runs: database ${oneLine(database)} does not exist. ${listHint}`];
  const names = history.workflowNames();
  if (names.length === 0) return [`No runs in ${oneLine(database)}. ${listHint}`];
  const { workflow } = given;
  if (workflow !== undefined && !names.includes(workflow)) {
    return [`No runs of ${workflow}. ${didYouMean(workflow, names)}Workflows with runs: ${names.join(', ')}.`];
  }
  const none = given.before === undefined ? 'No runs match.' : 'No older runs match.';
  return [none, ...unknownInputs(given, history)];
}

/** Returns a line for each name after --where that is not an input of the newest runs. */
function unknownInputs({ where, workflow }: Given, history: HistoryReader | undefined): readonly string[] {
  if (where.length === 0) return [];
  const newest = history?.runs({ limit: 20, ...(workflow === undefined ? {} : { workflow }) }) ?? [];
  const known = [...new Set(newest.flatMap(({ input }) => Object.keys(input)))];
  return where
    .map((text) => inputValue(text, optionOf('where')).name)
    .filter((name) => !known.includes(name))
    .map((name) => `No recent run has an input ${name}. ${didYouMean(name, known)}Inputs: ${known.join(', ')}.`);
}

/** Returns how to continue the list, if it is incomplete. */
function nextLines({ next, isCutOff }: RunPage, given: Given, style: TextStyle): readonly string[] {
  if (next === null) return [];
  const command = suggestedCommand(nextCommand(given, next.id), style);
  if (!isCutOff) return [`Older runs: ${command}`];
  return [
    `Searched ${SEARCH_LIMIT} runs, back to ${momentText(next.createdAt)}: narrow the search with --since, --last, --until or --workflow.`,
    `Older runs: ${command}`,
  ];
}

function nextCommand(given: Given, before: string): string {
  const { format, limit, workflow, status, since, last, until, where, text } = given;
  const named = { workflow, status, since, last, until, text };
  return commandLine([
    'wf',
    'runs',
    ...Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value])),
    ...where.flatMap((value) => ['--where', value]),
    ...(limit === 20 ? [] : ['--limit', String(limit)]),
    ...(format === undefined ? [] : ['--format', format]),
    '--before',
    before,
  ]);
}

function exclude(one: string, other: string): WfError {
  return new WfError('E_USAGE', `${one} and ${other} exclude each other`, { hint: 'Specify one of the two.' });
}
