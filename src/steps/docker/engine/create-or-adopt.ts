import { type ErrorCode, WfError } from '../../../engine/model/errors.ts';
import { pause } from '../../../engine/ports/clock.ts';
import type { StepContext } from '../../../engine/workflow/step.ts';
import { LATE_EFFECT_MS } from './policy.ts';

const POLL_MS = 20;

/** Error codes of an engine for a name or subnet in use. */
const TAKEN: readonly ErrorCode[] = ['E_NAME_IN_USE', 'E_SUBNET_IN_USE'];

/**
 * Creates an object. If its name or subnet is in use, returns the object that an earlier request of the same run created late.
 * `find` returns `foreign` if another owner has it, null if none is visible yet: the engine reserves a name before it lists the
 * object.
 * @throws what `create` throws if the run itself did not create the object.
 */
export async function createOrAdopt<Made extends { readonly id: string }>(
  create: () => Promise<Made>,
  find: () => Promise<Made | 'foreign' | null>,
  { host: { clock }, signal, attempt }: StepContext,
): Promise<Made> {
  try {
    return await create();
  } catch (thrown) {
    // No earlier request exists before the first attempt.
    if (attempt === 1 || !(thrown instanceof WfError) || !TAKEN.includes(thrown.code)) throw thrown;
    const until = clock.now() + LATE_EFFECT_MS;
    for (;;) {
      const found = await find();
      if (found !== null && found !== 'foreign') return found;
      if (found === 'foreign' || clock.now() >= until || signal.aborted) throw thrown;
      await pause(clock, POLL_MS, signal);
    }
  }
}
