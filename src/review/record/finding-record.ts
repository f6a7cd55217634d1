import type { ErrorRecord } from '../../engine/model/errors.ts';
import type { DoctorFinding } from '../text/finding-text.ts';

/** An item of `wf doctor --json`. */
export interface FindingRecord {
  readonly title: string;
  /** Why wf checks it. */
  readonly purpose: string;
  /** Whether no run can start without it. */
  readonly needed: boolean;
  readonly met: boolean;
  /** Null unless it is met. */
  readonly found: string | null;
  /** Null if it is met. */
  readonly error: ErrorRecord | null;
}

export function findingRecord({ requirement: { title, purpose }, result, concerns }: DoctorFinding): FindingRecord {
  return {
    title,
    purpose,
    needed: concerns === 'run',
    met: result.met,
    found: result.met ? result.found : null,
    error: result.met ? null : result.error.toRecord(),
  };
}
