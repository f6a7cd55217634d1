import type { Change } from '../model/change.ts';
import { pause } from '../ports/clock.ts';
import type { RunHost } from '../ports/runtime.ts';
import type { StepRunner } from '../workflow/step.ts';
import { portsOn } from './ports-on.ts';

/**
 * Refuses to work on these changes if one of them belongs to another place (another Docker engine). Touches nothing.
 * @throws WfError E_WRONG_PLACE
 */
export async function requireMadeHere(
  changes: readonly Change[],
  runner: (kind: string) => StepRunner | undefined,
  host: Pick<RunHost, 'ports' | 'named'>,
): Promise<void> {
  const { clock } = host.ports;
  for (const { kind, record, host: name } of changes) {
    const behaviour = runner(kind)?.behaviour;
    if (behaviour?.type !== 'change') continue;
    const askedAt = clock.now();
    await behaviour.requireMadeHere?.(record, portsOn(host, name));
    // An engine that was stopped may still carry out earlier requests after this answer.
    const { lateEffectMs } = behaviour;
    if (lateEffectMs > 0 && clock.now() - askedAt >= lateEffectMs / 2) await pause(clock, lateEffectMs);
  }
}
