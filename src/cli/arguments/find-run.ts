import { WfError } from '../../engine/model/errors.ts';
import { commandLine } from '../../engine/model/evidence.ts';
import { parseRunId } from '../../engine/model/ids.ts';
import type { StoredRun } from '../../engine/ports/history.ts';
import type { HistoryReader } from '../../history/reader.ts';
import { nearestName } from '../output/did-you-mean.ts';

/** So many candidates are named where a prefix fits several runs. */
const CANDIDATES = 5;

/** How a user names the newest run. */
export const LATEST = '@latest';

/** A run and the history that holds it. */
export interface FoundRun {
  readonly history: HistoryReader;
  readonly run: StoredRun;
}

/**
 * The run that a user means: by its id, by the beginning of it where only one run has that, or `@latest`.
 * `history` is undefined where there is no database, whose file is named in the error.
 * @throws WfError E_RUN_NOT_FOUND; E_RUN_AMBIGUOUS naming the candidates.
 */
export function findRun(history: HistoryReader | undefined, reference: string, database = ''): FoundRun {
  if (history === undefined) throw withoutDatabase(reference, database);
  if (reference === LATEST) {
    const [run] = history.runs({ limit: 1 });
    if (run === undefined) throw notFound(reference, 'there is no run yet');
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
    throw notFound(prefix, 'no run id has this prefix', `${meantRun(history, prefix)}${HOW_TO_NAME} ${IF_DELETED}`);
  if (ids.length === 1) return run;
  const named = ids.slice(0, CANDIDATES).join(', ');
  throw new WfError(
    'E_RUN_AMBIGUOUS',
    `"${prefix}" is a prefix of several run ids: ${named}${ids.length > CANDIDATES ? ', ...' : ''}`,
    {
      hint: 'Give more of the id. `wf runs` lists the runs.',
    },
  );
}

/** Of so many of the newest runs one may have been meant. */
const LOOKED_AT = 1_000;

/** The run whose id begins most like what was typed, or nothing. */
function meantRun(history: HistoryReader, typed: string): string {
  const ids = history.runIds('', LOOKED_AT);
  const whole = nearestName(typed, ids);
  const beginnings = ids.map((id) => id.slice(0, typed.length));
  const beginning = typed.length < SHORTEST_GUESS ? undefined : nearestName(typed, beginnings);
  const meant = whole ?? ids.find((id) => beginning !== undefined && id.startsWith(beginning));
  return meant === undefined ? '' : `Did you mean ${meant}? `;
}

/** Of fewer letters any beginning is near. */
const SHORTEST_GUESS = 4;

const HOW_TO_NAME = '`wf runs` lists the runs; `@latest` names the newest.';

const IF_DELETED = 'If its database was deleted, `wf sweep` finds what it left on this host.';

/** Its runs may have left something on the host, which carries their marks. */
function withoutDatabase(reference: string, database: string): WfError {
  const named = database === '' ? '' : ` ${commandLine(['--db', database])}`;
  const missing = database === '' ? 'there is no run yet' : `there is no database ${database}`;
  return notFound(
    reference,
    missing,
    `If it is in another file, name that with --db or WF_DB. If the file was deleted, \`wf sweep${named}\` finds what its runs left on this host.`,
  );
}

function notFound(reference: string, why: string, hint = HOW_TO_NAME): WfError {
  return new WfError('E_RUN_NOT_FOUND', `there is no run "${reference}": ${why}`, { hint });
}
