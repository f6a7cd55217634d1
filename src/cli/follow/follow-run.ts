import { type ExitCode, WfError } from '../../engine/model/errors.ts';
import type { RunId } from '../../engine/model/ids.ts';
import type { JournalEntry } from '../../engine/model/journal-event.ts';
import type { StoredRun } from '../../engine/ports/history.ts';
import type { RunHandle, RunObserver, RunResult } from '../../engine/run/engine.ts';
import { type RunMaterial, readRunMaterial } from '../../review/record/run-material.ts';
import { type RunRecord, runRecord } from '../../review/record/run-record.ts';
import { exitCodeOfLostRun, uncaughtEnd } from '../output/lost-run.ts';
import { createProgressView, type ProgressView } from '../output/progress-view.ts';
import type { Terminal } from '../output/terminal.ts';
import type { Services } from '../services/services.ts';
import type { Interruption } from './interruption.ts';

/** Result of a run that a command advanced. */
export type RunOutcome =
  | {
      readonly type: 'known';
      readonly id: RunId;
      readonly result: RunResult;
      readonly material: RunMaterial;
      readonly record: RunRecord;
    }
  /** The journal of the run is not writable. */
  | { readonly type: 'lost'; readonly id: RunId; readonly error: WfError; readonly exitCode: ExitCode };

/** State of a run before a command advances it. */
interface RunBefore {
  readonly stageNames: readonly string[];
  readonly journal: readonly JournalEntry[];
}

/** Calls `work` with a view of a run, which also reports stop signals. Closes the view at the end. */
export async function withView<Answer>(
  before: RunBefore,
  interruption: Interruption,
  services: Services,
  terminal: Terminal,
  work: (view: ProgressView) => Promise<Answer>,
): Promise<Answer> {
  const { progress, err } = terminal;
  const view = createProgressView(progress, services.clock, before.stageNames, before.journal, err);
  interruption.reportThrough(view);
  try {
    return await work(view);
  } finally {
    view.end();
  }
}

/** Follows a run in a view, which introduces the run before its first event. */
export function withIntroduction(
  { id, workflow }: Pick<StoredRun, 'id' | 'workflow'>,
  view: ProgressView,
): RunObserver {
  let isIntroduced = false;
  return {
    ...view.observer,
    committed(entry) {
      if (!isIntroduced) view.print(introduction(id, workflow));
      isIntroduced = true;
      view.observer.committed?.(entry);
    },
  };
}

export function introduction(id: RunId, workflow: string): string {
  return `run ${id} of ${workflow}`;
}

/** Waits for the result of a started run; stop signals interrupt it. The view ends before this returns. */
export async function followRun(
  handle: Pick<RunHandle, 'id' | 'result' | 'interrupt'>,
  view: ProgressView,
  interruption: Interruption,
  services: Services,
  terminal: Terminal,
): Promise<RunOutcome> {
  const { id } = handle;
  interruption.attach(handle);
  const history = await services.history();
  const caught = terminal.onUncaught(() => {
    view.end();
    return uncaughtEnd(id, history, terminal.err.style);
  });
  let result: RunResult;
  try {
    result = await handle.result;
  } catch (thrown) {
    return { type: 'lost', id, ...(await exitCodeOfLostRun(id, thrown, services)) };
  } finally {
    caught();
    view.end();
  }
  const run = history.run(id);
  if (run === undefined) throw new WfError('E_INTERNAL', `run ${id} is not in its own history`, { hint: '`wf runs`' });
  const material = readRunMaterial(history, run);
  return { type: 'known', id, result, material, record: runRecord(material, services.isAlive) };
}
