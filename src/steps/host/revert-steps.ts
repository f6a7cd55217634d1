import { z } from 'zod';
import { CHANGE_STATUSES, type Change, undoByHand } from '../../engine/model/change.ts';
import { WfError } from '../../engine/model/errors.ts';
import { asStepId } from '../../engine/model/ids.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';

/** Undoing a container or a network takes up to several seconds, and there may be many. */
const TIMEOUT_MS = 5 * 60_000;

/** Undoes the changes of earlier steps, newest first, as a rollback does. */
export const revertSteps = defineStep({
  kind: 'host.revert',
  description: 'Undoes the changes of the given steps of this run, newest first.',
  input: z.object({
    steps: z
      .array(z.string().min(1))
      .min(1)
      .describe('ids of steps such as `createDevNetwork`; a step without changes is ignored'),
  }),
  output: z.object({
    changes: z
      .array(z.object({ seq: z.number().int(), step: z.string(), target: z.string(), status: z.enum(CHANGE_STATUSES) }))
      .describe('changes of the steps, each with its new status'),
  }),
  timeoutMs: TIMEOUT_MS,
  // The undo commands of the steps are recorded one by one.
  commands: () => [],
  undoes: ({ steps }) => steps,
  rehearse: () => ({ changes: [] }),
  async read({ steps }, context) {
    const startedAt = context.host.clock.now();
    const changes = await context.ledger.revert(steps.map(asStepId));
    // The undo commands are recorded where they run. This record has the result of every change, including those already gone.
    context.record({
      command: `# results of undoing the changes of ${steps.join(', ')}`,
      output: changes
        .map(({ seq, target, status, reason }) => `${seq}  ${target}  ${status}${reason === null ? '' : `: ${reason}`}`)
        .join('\n'),
      exitCode: 0,
      startedAt,
      durationMs: context.host.clock.now() - startedAt,
    });
    const stuck = changes.filter((change) => change.status === 'stuck');
    if (stuck.length > 0) throw stuckError(stuck);
    return { changes: changes.map(({ seq, step, target, status }) => ({ seq, step, target, status })) };
  },
});

function stuckError(stuck: readonly Change[]): WfError {
  const what = stuck.map(({ target, reason }) => `${target} (${reason ?? 'unknown reason'})`).join(', ');
  const commands = undoByHand(stuck);
  return new WfError('E_RESIDUE', `cannot undo: ${what}`, {
    hint:
      commands.length === 0
        ? 'wf knows no undo command: check each by hand.'
        : `Undo the rest by hand: ${commands.join(' && ')}`,
    details: { stuck: stuck.map(({ seq, target, undo }) => ({ seq, target, undo })) },
  });
}
