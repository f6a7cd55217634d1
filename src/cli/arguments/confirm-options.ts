import { APPLY_WITHIN_MS } from '../../engine/confirm/confirm-rule.ts';
import { WfError } from '../../engine/model/errors.ts';
import type { ConfirmRule } from '../../engine/model/journal-event.ts';
import { knowsLoginSessions } from '../../host/guard/login-session.ts';
import { ageOption } from '../../review/query/moment.ts';

interface ConfirmOptions {
  readonly confirmWithin?: string | undefined;
  readonly applyWithin?: string | undefined;
  readonly confirmBy?: 'new-session' | undefined;
  readonly confirmIf?: string | undefined;
  readonly guard: boolean;
}

/**
 * Returns how the run must be confirmed; undefined if it need not be.
 * @throws WfError E_USAGE; E_GUARD if the kernel does not know login sessions
 */
export function confirmRule(given: ConfirmOptions): ConfirmRule | undefined {
  const { confirmWithin, applyWithin, confirmBy, confirmIf, guard } = given;
  if (confirmWithin === undefined) {
    if (applyWithin === undefined && confirmBy === undefined && confirmIf === undefined && guard) return undefined;
    throw new WfError('E_USAGE', '--apply-within, --confirm-by, --confirm-if and --no-guard need --confirm-within', {
      hint: 'Add --confirm-within, such as --confirm-within 120s.',
    });
  }
  if (confirmBy !== undefined && !knowsLoginSessions()) {
    throw new WfError('E_GUARD', '--confirm-by new-session: this kernel does not know login sessions', {
      hint: 'Leave it out, or boot a kernel with auditing (CONFIG_AUDIT).',
    });
  }
  return {
    withinMs: ageOption('--confirm-within', confirmWithin),
    applyWithinMs: applyWithin === undefined ? APPLY_WITHIN_MS : ageOption('--apply-within', applyWithin),
    newSession: confirmBy === 'new-session',
    probe: confirmIf ?? null,
    guard,
  };
}
