import { needsUndo } from '../../engine/model/change.ts';
import { WfError } from '../../engine/model/errors.ts';
import type { RunId } from '../../engine/model/ids.ts';
import type { RunStatus } from '../../engine/ports/history.ts';
import { runStatus } from '../../review/record/run-status.ts';
import { findMarked } from '../../sweep/find-marked.ts';
import { knownRuns } from '../../sweep/known-runs.ts';
import { onMachine } from '../../sweep/swept-hosts.ts';
import { unaccounted } from '../../sweep/unaccounted.ts';
import { resumableRuns } from '../arguments/resumable-runs.ts';
import type { Services } from '../services/services.ts';
import { type Check, check, found, wrong } from './check.ts';

/** Number of runs and changes named in a finding. */
const NAMED = 5;

/** Checks of what earlier runs left. */
export function runChecks(services: Services): readonly Check[] {
  return [
    check('advice', 'interrupted runs', 'they keep their names until they are resumed or rolled back', async () => {
      const ids = await unadvanced(services, (status) => status !== 'waiting');
      if (ids.length === 0) return found('none');
      const [only] = ids;
      const next = ids.length === 1 ? `\`wf resume ${only}\`, or \`wf rollback ${only}\`` : '`wf resume --all`';
      return wrong(
        new WfError('E_INTERRUPTED', `${named(ids)} stopped before the end`, { hint: `Continue with ${next}.` }),
      );
    }),
    check('advice', 'waiting runs', 'their deadlines need a process to fire', async () => {
      const ids = await unadvanced(services, (status) => status === 'waiting');
      if (ids.length === 0) return found('none without a process');
      const next = ids.length === 1 ? `wf resume ${ids[0]}` : 'wf resume --all';
      return wrong(
        new WfError('E_INTERRUPTED', `no process advances ${named(ids)}`, {
          hint: `Run \`${next}\`: it fires the deadlines that have passed, and waits for the others.`,
        }),
      );
    }),
    check('advice', 'agent', 'advances runs when nobody does', async () => {
      const history = await services.historyForReading();
      const agent = history?.agent();
      if (agent !== undefined && services.isAlive(agent.owner)) return found(`process ${agent.owner.pid}`);
      const timer = history?.nextTimer(Number.MIN_SAFE_INTEGER)?.run;
      const [automatic] = history?.resumedByAgent() ?? [];
      if (timer === undefined && automatic === undefined) return found('none runs, and no run needs one');
      const why =
        timer === undefined ? `run ${automatic?.run} was started with --resume auto` : `run ${timer} waits for a timer`;
      return wrong(
        new WfError('E_INTERRUPTED', `no agent runs, and ${why}`, {
          hint: 'Run one under systemd with `wf agent install`, or in a terminal with `wf agent`.',
        }),
      );
    }),
    check('advice', 'changes', 'changes of wf in place on this host', async () => {
      const history = await services.historyForReading();
      const unfinished = new Set(history?.unfinishedRuns().map(({ id }) => id));
      const changes = (history?.changesInPlace() ?? []).filter(
        (change) => needsUndo(change) && !unfinished.has(change.run),
      );
      if (changes.length === 0) return found('none of a run that has ended');
      const targets = changes.map(({ target }) => target);
      const runs = [...new Set(changes.map(({ run }) => run))];
      return wrong(
        new WfError('E_RESIDUE', `left of ${named(runs)}: ${named(targets)}`, {
          hint: `List them with \`wf changes\`; undo them with \`wf rollback ${runs[0]}\`.`,
        }),
      );
    }),
    check('advice', 'marked objects', 'objects of runs whose database was deleted', async (host) => {
      const history = await services.historyForReading();
      const marked = await findMarked(onMachine(host));
      const objects = unaccounted(marked.objects, knownRuns(history, marked.objects));
      if (objects.length === 0 && marked.unread !== null) throw marked.unread;
      if (objects.length === 0) return found('none');
      const names = objects.map(({ kind, name }) => `${kind} ${name}`);
      return wrong(
        new WfError('E_RESIDUE', `found ${named(names)}`, {
          hint: 'List them with `wf sweep`; remove them with `wf sweep --yes`.',
        }),
      );
    }),
  ];
}

async function unadvanced(services: Services, which: (status: RunStatus) => boolean): Promise<readonly RunId[]> {
  const runs = resumableRuns(await services.historyForReading(), services.isAlive);
  return runs.filter(({ run }) => which(runStatus(run, services.isAlive))).map(({ run }) => run.id);
}

function named(names: readonly string[]): string {
  const more = names.length > NAMED ? [`${names.length - NAMED} more`] : [];
  return [...names.slice(0, NAMED), ...more].join(', ');
}
