import { z } from 'zod';
import { CHANGE_STATUSES, type Change, undoByHand } from '../../engine/model/change.ts';
import { WfError } from '../../engine/model/errors.ts';
import { asStepId } from '../../engine/model/ids.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';

/** Undoing a container or a network takes up to some seconds each, and there may be many. */
const TIMEOUT_MS = 5 * 60_000;

/** Undoes what earlier steps changed, newest first, as a rollback would. */
export const revertSteps = defineStep({
  kind: 'host.revert',
  description: 'Undoes what the named steps of this run changed, newest first.',
  input: z.object({
    /** Ids of steps, such as `createDevNetwork`; one that changed nothing is passed over. */
    steps: z.array(z.string().min(1)).min(1),
  }),
  output: z.object({
    changes: z.array(
      z.object({ seq: z.number().int(), step: z.string(), target: z.string(), status: z.enum(CHANGE_STATUSES) }),
    ),
  }),
  timeoutMs: TIMEOUT_MS,
  // What it types is what undoes those steps.
  commands: () => [],
  undoes: ({ steps }) => steps,
  rehearse: () => ({ changes: [] }),
  async read({ steps }, context) {
    const startedAt = context.host.clock.now();
    const changes = await context.ledger.revert(steps.map(asStepId));
    // What was undone by a command is told by that command; this tells what became of each, also of what was gone.
    context.record({
      command: `# what became of the changes of ${steps.join(', ')}`,
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
  const what = stuck.map(({ target, reason }) => `${target} (${reason ?? 'no reason is known'})`).join(', ');
  const commands = undoByHand(stuck);
  return new WfError('E_RESIDUE', `could not be undone: ${what}`, {
    hint:
      commands.length === 0
        ? 'No command is known that undoes it: look at each by hand.'
        : `Undo by hand what is still there: ${commands.join(' && ')}`,
    details: { stuck: stuck.map(({ seq, target, undo }) => ({ seq, target, undo })) },
  });
}
