import type { Engine, RollBackRequest, RunHandle, RunObserver } from '../../engine/run/engine.ts';
import { type Undoing, undoRequest } from '../arguments/undo-request.ts';
import type { Terminal } from '../output/terminal.ts';
import type { Services } from '../services/services.ts';
import { followRun, type RunOutcome, withIntroduction, withView } from './follow-run.ts';
import type { Interruption } from './interruption.ts';

/** Begins the operation. Returns null if there is nothing to do. */
type Begin = (
  engine: Engine,
  request: Omit<RollBackRequest, 'removeKept'>,
  observer: RunObserver,
) => Promise<RunHandle | null>;

/** Begins an operation that needs only the step runners of a run, not its workflow, and follows it. Returns null if nothing is to do. */
export async function followUndo(
  undoing: Undoing,
  interruption: Interruption,
  services: Services,
  terminal: Terminal,
  begin: Begin,
): Promise<RunOutcome | null> {
  const { run } = undoing;
  const history = await services.history();
  const [engine, request] = [await services.engine(), await undoRequest(undoing, services)];
  const before = { stageNames: [], journal: history.journal(run.id) };
  return withView(before, interruption, services, terminal, async (view) => {
    const handle = await begin(engine, request, withIntroduction(run, view));
    return handle === null ? null : followRun(handle, view, interruption, services, terminal);
  });
}
