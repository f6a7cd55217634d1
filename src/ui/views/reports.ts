import * as z from 'zod';
import type { DefinitionHash, RunId } from '../../engine/model/ids.ts';
import type { Json } from '../../engine/model/json.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import type { StoredRun } from '../../engine/ports/history.ts';
import type { ReportLanguage } from '../../engine/workflow/narrative.ts';
import type { HistoryReader } from '../../history/reader.ts';
import { createReadCommands, type ReadLimits } from '../../library/commands/read-commands.ts';
import type { StartedWfCommand } from '../../library/commands/wf-command.ts';
import { type Explanations, explanationsSchema } from '../../review/report/explanations.ts';
import { documentOf, outcomeOf } from '../commands/command-outcome.ts';
import { READ_LIMIT_MS } from '../commands/commands.ts';
import { lastTurn } from './last-turn.ts';

/** The reports of runs. They need the code of the workflow, which runs in a process of its own. */
export interface Reports {
  /** Returns a report as text. @throws WfError the error of `wf report` */
  text(run: RunId, format: 'html' | 'markdown', language: ReportLanguage): Promise<string>;
  /**
   * Returns what a report adds to the record of a run. Reads it once for each of its turns, see {@link lastTurn}, or once a minute for all
   * runs of a workflow without a narrative. @throws the same
   */
  explanations(history: HistoryReader, run: StoredRun, language: ReportLanguage): Promise<Explanations>;
  /** Returns the same if it is cached. */
  known(history: HistoryReader, run: StoredRun, language: ReportLanguage): Explanations | undefined;
  /** Kills the commands. */
  close(): void;
}

/** Number of runs and languages whose explanations are cached. */
const MOST_KEPT = 32;
/** How long a workflow counts as one without a narrative: somebody may add one to its file. */
const WITHOUT_NARRATIVE_MS = 60_000;
/** Reports have their own slots: a workflow that does not return must not keep other commands waiting. */
const REPORTING: ReadLimits = { atOnce: 2, waiting: 32, limitMs: READ_LIMIT_MS };

interface Kept {
  /** The turn of the run that they describe, see {@link turnOf}. */
  readonly turn: string;
  readonly explanations: Promise<Explanations>;
  known: Explanations | undefined;
}

/** @param command starts a command of wf */
export function createReports(
  command: (argv: readonly string[]) => StartedWfCommand,
  clock: Pick<Clock, 'after'>,
): Reports {
  const kept = new Map<string, Kept>();
  /** The definitions of workflows without a narrative. */
  const withoutNarrative = new Set<DefinitionHash>();
  const reads = createReadCommands(clock, REPORTING);

  async function document(run: RunId, format: string, language: ReportLanguage): Promise<Json> {
    const argv = ['report', `--format=${format}`, `--lang=${language}`, '--', run];
    const end = await reads.run({ name: `wf report ${run}`, start: () => command(argv) });
    return documentOf(outcomeOf(end));
  }

  /** Returns the cached explanations if they describe the current turn of the run. */
  function current(history: HistoryReader, run: RunId, language: ReportLanguage): Kept | undefined {
    const found = kept.get(`${run} ${language}`);
    return found?.turn === turnOf(history, run) ? found : undefined;
  }

  function remember(definition: DefinitionHash, { explanations }: Explanations): void {
    if (explanations.type !== 'available' || explanations.narrative !== null) return;
    withoutNarrative.add(definition);
    clock.after(WITHOUT_NARRATIVE_MS, () => withoutNarrative.delete(definition), true);
  }

  return {
    async text(run, format, language) {
      return textSchema.parse(await document(run, format, language)).text;
    },
    explanations(history, { id: run, definitionHash }, language) {
      if (withoutNarrative.has(definitionHash)) return Promise.resolve(noNarrative(run, language));
      const found = current(history, run, language);
      if (found !== undefined) return found.explanations;
      const key = `${run} ${language}`;
      const turn = turnOf(history, run);
      const explanations = document(run, 'json', language).then((json) => explanationsSchema.parse(json));
      const entry: Kept = { turn, explanations, known: undefined };
      kept.delete(key);
      kept.set(key, entry);
      for (const oldest of kept.keys()) if (kept.size > MOST_KEPT) kept.delete(oldest);
      explanations.then(
        (known) => {
          entry.known = known;
          remember(definitionHash, known);
        },
        () => {
          if (kept.get(key) === entry) kept.delete(key);
        },
      );
      return explanations;
    },
    known: (history, { id, definitionHash }, language) =>
      withoutNarrative.has(definitionHash) ? noNarrative(id, language) : current(history, id, language)?.known,
    close: reads.close,
  };
}

function noNarrative(run: RunId, language: ReportLanguage): Explanations {
  return { run, language, explanations: { type: 'available', narrative: null } };
}

/** Another run may have taken the id of one that was pruned. */
function turnOf(history: HistoryReader, run: RunId): string {
  const journal = history.journal(run);
  return `${journal[0]?.at} ${lastTurn(journal)}`;
}

const textSchema = z.object({ text: z.string() });
