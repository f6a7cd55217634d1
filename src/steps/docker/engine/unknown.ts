import { WfError } from '../../../engine/model/errors.ts';

/** Result of an observation that failed; it is not "absent". */
export interface Unknown {
  readonly found: 'unknown';
  readonly error: WfError;
}

/** Returns the result of `observe`, or `unknown` with its error. A defect is rethrown. */
export async function orUnknown<Found>(observe: () => Promise<Found>): Promise<Found | Unknown> {
  try {
    return await observe();
  } catch (thrown) {
    if (thrown instanceof WfError) return { found: 'unknown', error: thrown };
    throw thrown;
  }
}
