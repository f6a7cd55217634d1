import { WfError } from '../../../engine/model/errors.ts';

/** What a look that failed has found: not "absent". */
export interface Unknown {
  readonly found: 'unknown';
  readonly error: WfError;
}

/** The answer of `look`, or `unknown` with the error that it failed with. A defect is thrown on. */
export async function orUnknown<Found>(look: () => Promise<Found>): Promise<Found | Unknown> {
  try {
    return await look();
  } catch (thrown) {
    if (thrown instanceof WfError) return { found: 'unknown', error: thrown };
    throw thrown;
  }
}
