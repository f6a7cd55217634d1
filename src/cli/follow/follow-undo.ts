import type { StoredRun } from '../../engine/ports/history.ts';
import type { Engine, RollBackRequest, RunHandle, RunObserver } from '../../engine/run/engine.ts';
import { knownSecrets } from '../arguments/run-secrets.ts';
import { runnersToUndo } from '../arguments/runners-to-undo.ts';
import type { Terminal } from '../output/terminal.ts';
import type { Services } from '../services/services.ts';
import { followRun, type RunOutcome, withIntroduction, withView } from './follow-run.ts';
import type { Interruption } from './interruption.ts';

/** A run whose changes are undone or settled, with the options of the command. */
interface Undoing {
  readonly run: StoredRun;
  /** Secret inputs that are given again, as typed. */
  readonly input: readonly string[];
  /** File of the workflow, if it is not in a workflow folder. */
  readonly workflow?: string | undefined;
}

/** Begins the work; null if there is nothing to do. */
type Begin = (
  engine: Engine,
  request: Omit<RollBackRequest, 'removeKept'>,
  observer: RunObserver,
) => Promise<RunHandle | null>;

/** Begins work that needs the step runners of a run, not its workflow, and follows it in a view. Returns null if there is nothing to do. */
export async function followUndo(
  { run, input, workflow }: Undoing,
  interruption: Interruption,
  services: Services,
  terminal: Terminal,
  begin: Begin,
): Promise<RunOutcome | null> {
  const { values } = knownSecrets(run, input);
  const history = await services.history();
  const [engine, runners] = [await services.engine(), await runnersToUndo(run, workflow, services)];
  const before = { stageNames: [], journal: history.journal(run.id) };
  return withView(before, interruption, services, terminal, async (view) => {
    const request = { run: run.id, ...runners, secrets: values };
    const handle = await begin(engine, request, withIntroduction(run, view));
    return handle === null ? null : followRun(handle, view, interruption, services, terminal);
  });
}
