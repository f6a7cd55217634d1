import { type ErrorCode, WfError } from '../../../engine/model/errors.ts';
import type { StepContext } from '../../../engine/workflow/step.ts';
import { pause } from '../../../host/machine/clock.ts';
import { LANDS_WITHIN_MS } from './policy.ts';

const POLL_MS = 20;

/** What of an object's name and subnet another one has taken. */
const TAKEN: readonly ErrorCode[] = ['E_NAME_IN_USE', 'E_SUBNET_IN_USE'];

/**
 * Creates; or, where the engine says that what it takes is taken, answers the object that an earlier request of the same run
 * has made of it meanwhile. `find` answers `foreign` where somebody else's has it, null where nothing shows yet: the engine
 * reserves a name before it shows the object.
 * @throws what `create` throws where it was not the run itself.
 */
export async function createOrAdopt<Made extends { readonly id: string }>(
  create: () => Promise<Made>,
  find: () => Promise<Made | 'foreign' | null>,
  { host: { clock }, signal, attempt }: StepContext,
): Promise<Made> {
  try {
    return await create();
  } catch (thrown) {
    // Before a first attempt, nobody has asked for it.
    if (attempt === 1 || !(thrown instanceof WfError) || !TAKEN.includes(thrown.code)) throw thrown;
    const until = clock.now() + LANDS_WITHIN_MS;
    for (;;) {
      const found = await find();
      if (found !== null && found !== 'foreign') return found;
      if (found === 'foreign' || clock.now() >= until || signal.aborted) throw thrown;
      await pause(clock, POLL_MS, signal);
    }
  }
}
