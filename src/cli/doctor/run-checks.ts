import { needsUndo } from '../../engine/model/change.ts';
import { WfError } from '../../engine/model/errors.ts';
import type { RunId } from '../../engine/model/ids.ts';
import type { RunStatus } from '../../engine/ports/history.ts';
import { runStatus } from '../../review/record/run-status.ts';
import { findMarked } from '../../sweep/find-marked.ts';
import { knownRuns } from '../../sweep/known-runs.ts';
import { unaccounted } from '../../sweep/unaccounted.ts';
import { resumableRuns } from '../arguments/resumable-runs.ts';
import type { Wire } from '../services/wire-types.ts';
import { type Check, check, found, wrong } from './check.ts';

/** So many of each are named. */
const NAMED = 5;

/** What earlier runs have left. */
export function runChecks(wire: Wire): readonly Check[] {
  return [
    check('advice', 'interrupted runs', 'they wait to be resumed or rolled back, and keep their names', async () => {
      const ids = await unadvanced(wire, (status) => status !== 'waiting');
      if (ids.length === 0) return found('none');
      const [only] = ids;
      const next = ids.length === 1 ? `\`wf resume ${only}\`, or \`wf rollback ${only}\`` : '`wf resume --all`';
      return wrong(new WfError('E_INTERRUPTED', `${named(ids)} stopped before the end`, { hint: `Go on: ${next}.` }));
    }),
    check('advice', 'waiting runs', 'without a process no deadline of theirs fires', async () => {
      const ids = await unadvanced(wire, (status) => status === 'waiting');
      if (ids.length === 0) return found('none without a process');
      const next = ids.length === 1 ? `wf resume ${ids[0]}` : 'wf resume --all';
      return wrong(
        new WfError('E_INTERRUPTED', `no process advances ${named(ids)}`, {
          hint: `\`${next}\` fires the deadlines that have passed, and waits for the others.`,
        }),
      );
    }),
    check('advice', 'changes', 'they stand on this host because of wf', async () => {
      const history = await wire.historyForReading();
      const unfinished = new Set(history?.unfinishedRuns().map(({ id }) => id));
      const changes = (history?.changesInPlace() ?? []).filter(
        (change) => needsUndo(change) && !unfinished.has(change.run),
      );
      if (changes.length === 0) return found('none of a run that has ended');
      const targets = changes.map(({ target }) => target);
      const runs = [...new Set(changes.map(({ run }) => run))];
      return wrong(
        new WfError('E_RESIDUE', `left of ${named(runs)}: ${named(targets)}`, {
          hint: `\`wf changes\` shows them; \`wf rollback ${runs[0]}\` undoes them.`,
        }),
      );
    }),
    check(
      'advice',
      'marked objects',
      'what a run made, and no history knows of (its database was deleted)',
      async (host) => {
        const history = await wire.historyForReading();
        const marked = await findMarked(host);
        const objects = unaccounted(marked.objects, knownRuns(history, marked.objects));
        if (objects.length === 0 && marked.unread !== null) throw marked.unread;
        if (objects.length === 0) return found('none');
        const names = objects.map(({ kind, name }) => `${kind} ${name}`);
        return wrong(
          new WfError('E_RESIDUE', `found ${named(names)}`, {
            hint: '`wf sweep` shows them; `wf sweep --yes` removes them.',
          }),
        );
      },
    ),
  ];
}

async function unadvanced(wire: Wire, which: (status: RunStatus) => boolean): Promise<readonly RunId[]> {
  const runs = resumableRuns(await wire.historyForReading(), wire.isAlive);
  return runs.filter(({ run }) => which(runStatus(run, wire.isAlive))).map(({ run }) => run.id);
}

function named(names: readonly string[]): string {
  const more = names.length > NAMED ? [`${names.length - NAMED} more`] : [];
  return [...names.slice(0, NAMED), ...more].join(', ');
}
