import { WfError } from '../../engine/model/errors.ts';
import { commandLine } from '../../engine/model/evidence.ts';
import { parseRunId } from '../../engine/model/ids.ts';
import type { StoredRun } from '../../engine/ports/history.ts';
import type { HistoryReader } from '../../history/reader.ts';
import { nearestName } from '../../review/text/did-you-mean.ts';

/** Number of candidates in the error about an ambiguous prefix. */
const CANDIDATES = 5;

/** Reference to the newest run. */
export const LATEST = '@latest';

/** A run with its history. */
export interface FoundRun {
  readonly history: HistoryReader;
  readonly run: StoredRun;
}

/**
 * Finds a run by its id, by a unique beginning of its id, or by `@latest`. `history` is undefined if there is no database, which
 * the error names.
 * @throws WfError E_RUN_NOT_FOUND; E_RUN_AMBIGUOUS with the candidates.
 */
export function findRun(history: HistoryReader | undefined, reference: string, database = ''): FoundRun {
  if (history === undefined) throw withoutDatabase(reference, database);
  if (reference === LATEST) {
    const [run] = history.runs({ limit: 1 });
    if (run === undefined) throw notFound(reference, 'there are no runs');
    return { history, run };
  }
  const id = parseRunId(reference);
  if (id === undefined) throw notFound(reference, 'it is not a valid run id');
  return { history, run: history.run(id) ?? runByPrefix(history, reference) };
}

function runByPrefix(history: HistoryReader, prefix: string): StoredRun {
  const ids = history.runIds(prefix, CANDIDATES + 1);
  const [only] = ids;
  const run = only === undefined ? undefined : history.run(only);
  if (run === undefined)
    throw notFound(prefix, 'no run id has this prefix', `${suggestedRun(history, prefix)}${HOW_TO_NAME} ${IF_DELETED}`);
  if (ids.length === 1) return run;
  const named = ids.slice(0, CANDIDATES).join(', ');
  throw new WfError(
    'E_RUN_AMBIGUOUS',
    `"${prefix}" is a prefix of several run ids: ${named}${ids.length > CANDIDATES ? ', ...' : ''}`,
    {
      hint: 'Type more of the id. `wf runs` lists the runs.',
    },
  );
}

/** Number of newest runs that are searched for a similar id. */
const SEARCHED = 1_000;

/** Suggests the run whose id begins most like the typed text; empty if there is none. */
function suggestedRun(history: HistoryReader, typed: string): string {
  const ids = history.runIds('', SEARCHED);
  const whole = nearestName(typed, ids);
  const beginnings = ids.map((id) => id.slice(0, typed.length));
  const beginning = typed.length < SHORTEST_GUESS ? undefined : nearestName(typed, beginnings);
  const meant = whole ?? ids.find((id) => beginning !== undefined && id.startsWith(beginning));
  return meant === undefined ? '' : `Did you mean ${meant}? `;
}

/** Shorter texts resemble too many ids. */
const SHORTEST_GUESS = 4;

const HOW_TO_NAME = 'List the runs with `wf runs`; `@latest` is the newest.';

const IF_DELETED = 'If its database was deleted, find its leftovers on this host with `wf sweep`.';

/** The runs of a missing database may have left marked objects on the host. */
function withoutDatabase(reference: string, database: string): WfError {
  const named = database === '' ? '' : ` ${commandLine(['--db', database])}`;
  const missing = database === '' ? 'there are no runs' : `database ${database} does not exist`;
  return notFound(
    reference,
    missing,
    `If it is in another file, set --db or WF_DB. If the file was deleted, find the leftovers of its runs on this host with \`wf sweep${named}\`.`,
  );
}

function notFound(reference: string, why: string, hint = HOW_TO_NAME): WfError {
  return new WfError('E_RUN_NOT_FOUND', `run "${reference}" does not exist: ${why}`, { hint });
}
