import type { Change } from '../model/change.ts';
import { pause } from '../ports/clock.ts';
import type { HostPorts, StepRunner } from '../workflow/step.ts';

/**
 * Refuses to work on these changes if one of them was made elsewhere (on another Docker engine). Touches nothing.
 * @throws WfError E_WRONG_PLACE
 */
export async function requireMadeHere(
  changes: readonly Change[],
  runner: (kind: string) => StepRunner | undefined,
  host: HostPorts,
): Promise<void> {
  for (const { kind, record } of changes) {
    const behaviour = runner(kind)?.behaviour;
    if (behaviour?.type !== 'change') continue;
    const askedAt = host.clock.now();
    await behaviour.requireMadeHere?.(record, host);
    // An engine that was stopped may still carry out earlier requests after this answer.
    const { lateEffectMs } = behaviour;
    if (lateEffectMs > 0 && host.clock.now() - askedAt >= lateEffectMs / 2) await pause(host.clock, lateEffectMs);
  }
}
