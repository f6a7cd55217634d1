import type { HistoryReader } from '../../../history/reader.ts';
import { aliveOnce } from '../../../review/record/alive-once.ts';
import { isoTime } from '../../../review/record/iso-time.ts';
import { readWaitMaterial } from '../../../review/record/run-material.ts';
import { runStatus } from '../../../review/record/run-status.ts';
import { type WaitingFor, waitingFor, waitingForConfirmation } from '../../../review/record/waiting-for.ts';
import type { UiContext } from '../../server/ui-context.ts';
import { displayed } from '../displayed.ts';
import { type RunRow, runRow } from './run-row.ts';
import {
  type FilterProblem,
  filterProblem,
  type Position,
  type RunsPart,
  type RunsQuery,
  runsPart,
} from './runs-query.ts';

type ViewContext = Pick<UiContext, 'history' | 'clock' | 'isAlive'>;
type PageContext = Omit<ViewContext, 'history'>;

/** Number of open questions that the page shows. */
const QUESTIONS = 10;

/** A run that waits for people. */
export interface OpenQuestion {
  readonly run: string;
  readonly workflow: string;
  readonly waitsFor: WaitingFor | null;
  /** Whether no process advances the run: an answer resumes it. */
  readonly isInterrupted: boolean;
  /** Whether secret inputs have to be typed again before that. */
  readonly needsSecrets: boolean;
}

/** A page of the list of runs. */
export interface RunsView {
  /** As the address has it; without its position if the page has reached the newest runs. */
  readonly query: RunsQuery;
  /** Why the query has no runs; null if it is valid. */
  readonly problem: FilterProblem | null;
  /** Newest first. */
  readonly runs: readonly RunRow[];
  /** The adjacent pages; null if there is none. */
  readonly newer: Position | null;
  readonly older: Position | null;
  /** The moment at which a search without an index stopped; null if it reached the end, or the page is full. */
  readonly searchedTo: string | null;
  /** Workflows that have runs. */
  readonly workflows: readonly string[];
  /** Runs that wait for people, oldest first. */
  readonly questions: readonly OpenQuestion[];
  /** Whether more runs wait for people. */
  readonly hasMoreQuestions: boolean;
  /** The changes in place on this host, and the number of their runs. */
  readonly inPlace: { readonly changes: number; readonly runs: number };
}

/** Reads a page of the list of runs. @throws WfError like `runsPart` */
export async function runsView({ history: read, clock, ...others }: ViewContext, query: RunsQuery): Promise<RunsView> {
  const history = await read();
  const context = { clock, isAlive: aliveOnce(others.isAlive) };
  if (history === undefined) return { query, ...NOTHING };
  return history.atOneMoment(() => {
    const problem = filterProblem(query, clock.now());
    const { query: shown, part } = problem === null ? shownPart(history, query, context) : { query, part: NO_PART };
    const { runs, newer, older, searchedTo } = part;
    const questions = questionsOf(history, context);
    const { changes, runs: holders } = history.inPlaceCounts();
    return {
      query: shown,
      problem,
      runs: displayed(runs.map((run) => runRow(run, context.isAlive))),
      newer,
      older,
      searchedTo: searchedTo && isoTime(searchedTo.createdAt),
      workflows: history.workflowNames(),
      questions: questions.slice(0, QUESTIONS),
      hasMoreQuestions: questions.length > QUESTIONS,
      inPlace: { changes, runs: holders },
    };
  });
}

const NO_PART: RunsPart = { runs: [], newer: null, older: null, searchedTo: null };

const NOTHING: Omit<RunsView, 'query'> = {
  problem: null,
  runs: [],
  newer: null,
  older: null,
  searchedTo: null,
  workflows: [],
  questions: [],
  hasMoreQuestions: false,
  inPlace: { changes: 0, runs: 0 },
};

/** Returns the page of a query; the page of the newest runs if less than a page is newer than its position. */
function shownPart(
  history: HistoryReader,
  query: RunsQuery,
  context: PageContext,
): { readonly query: RunsQuery; readonly part: RunsPart } {
  const part = runsPart(history, query, context);
  if (query.after === undefined || part.newer !== null) return { query, part };
  const { after: _position, ...newest } = query;
  return { query: newest, part: runsPart(history, newest, context) };
}

/** Returns the runs that wait for people, oldest first: one more than the page shows. */
function questionsOf(history: HistoryReader, { isAlive }: PageContext): readonly OpenQuestion[] {
  const asking = history.askingRuns(QUESTIONS + 1).toSorted((a, b) => a.createdAt - b.createdAt);
  return displayed(
    asking.slice(0, QUESTIONS + 1).map((run) => {
      const material = readWaitMaterial(history, run);
      return {
        run: run.id,
        workflow: run.workflow,
        waitsFor: run.status === 'unconfirmed' ? waitingForConfirmation(material) : waitingFor(material),
        isInterrupted: runStatus(run, isAlive) === 'interrupted',
        needsSecrets: Object.values(run.options.secrets ?? {}).includes(null),
      };
    }),
  );
}
