import * as z from 'zod';
import { errorOfRecord, WfError } from '../../engine/model/errors.ts';
import type { RunId } from '../../engine/model/ids.ts';
import type { Json } from '../../engine/model/json.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import type { ReportLanguage } from '../../engine/workflow/narrative.ts';
import type { HistoryReader } from '../../history/reader.ts';
import { createSlots } from '../../library/commands/slots.ts';
import { errorIn, type StartedWfCommand } from '../../library/commands/wf-command.ts';
import { type Explanations, explanationsSchema } from '../../review/report/explanations.ts';

/** The reports of runs. They need the code of the workflow, which runs in a process of its own. */
export interface Reports {
  /** Returns a report as text. @throws WfError the error of `wf report` */
  text(run: RunId, format: 'html' | 'markdown', language: ReportLanguage): Promise<string>;
  /** Returns what a report adds to the record of a run as it is now; made once for each entry of its journal. @throws the same */
  explanations(history: HistoryReader, run: RunId, language: ReportLanguage): Promise<Explanations>;
  /** Returns the same if it is made already. */
  known(history: HistoryReader, run: RunId, language: ReportLanguage): Explanations | undefined;
}

/** Number of runs and languages whose explanations are kept. */
const MOST_KEPT = 32;
/** Number of processes at a time. */
const MOST_AT_ONCE = 2;
/** A workflow that does not return must not keep all others waiting. */
const LIMIT_MS = 60_000;

interface Kept {
  /** The last entry of the journal that they know. */
  readonly seq: number;
  readonly explanations: Promise<Explanations>;
  made: Explanations | undefined;
}

/** @param command starts a command of wf */
export function createReports(
  command: (argv: readonly string[]) => StartedWfCommand,
  clock: Pick<Clock, 'after'>,
): Reports {
  const kept = new Map<string, Kept>();
  const inSlot = createSlots(MOST_AT_ONCE);

  const document = (run: RunId, format: string, language: ReportLanguage): Promise<Json | undefined> =>
    inSlot(async () => {
      const started = command(['report', `--format=${format}`, `--lang=${language}`, '--', run]);
      const cancel = clock.after(LIMIT_MS, () => started.kill(), true);
      try {
        const end = await started.end;
        if (end.exitCode !== 0) throw errorOf(end.document, run);
        return end.document;
      } finally {
        cancel();
      }
    });

  /** Returns what is kept, if nothing has happened to the run since. */
  function current(history: HistoryReader, run: RunId, language: ReportLanguage): Kept | undefined {
    const found = kept.get(`${run} ${language}`);
    return found === undefined || history.journal(run, found.seq).length > 0 ? undefined : found;
  }

  return {
    async text(run, format, language) {
      return textSchema.parse(await document(run, format, language)).text;
    },
    explanations(history, run, language) {
      const found = current(history, run, language);
      if (found !== undefined) return found.explanations;
      const key = `${run} ${language}`;
      const seq = history.journal(run).at(-1)?.seq ?? 0;
      const explanations = document(run, 'json', language).then((json) => explanationsSchema.parse(json));
      const entry: Kept = { seq, explanations, made: undefined };
      kept.delete(key);
      kept.set(key, entry);
      for (const oldest of kept.keys()) if (kept.size > MOST_KEPT) kept.delete(oldest);
      explanations.then(
        (made) => {
          entry.made = made;
        },
        () => {
          if (kept.get(key) === entry) kept.delete(key);
        },
      );
      return explanations;
    },
    known: (history, run, language) => current(history, run, language)?.made,
  };
}

const textSchema = z.object({ text: z.string() });

function errorOf(document: Json | undefined, run: RunId): WfError {
  const error = errorIn(document);
  if (error !== undefined) return errorOfRecord(error);
  return new WfError('E_INTERNAL', `the report of run ${run} was not made within ${LIMIT_MS / 1000} s`, {
    hint: `Try it with \`wf report ${run}\`.`,
  });
}
