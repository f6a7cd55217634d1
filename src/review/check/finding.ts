/** The checks of `wf check`. Their names are stable: scripts may depend on them. */
export type CheckName =
  | 'refused'
  | 'unreachable-state'
  | 'never-done'
  | 'no-way-to-an-end'
  | 'transition-never-taken'
  | 'not-implemented'
  | 'step-input'
  | 'unknown-host'
  | 'child-requirements'
  | 'no-undo'
  | 'undo-not-named'
  | 'reverts-unknown-step'
  | 'no-on-error'
  | 'unnamed-delay';

/**
 * `error`: a run cannot start, never ends, cannot be undone, or never does what the file defines. `warning`: a run works, but perhaps not
 * as intended.
 */
export type Severity = 'error' | 'warning';

export interface Finding {
  readonly check: CheckName;
  readonly severity: Severity;
  /** The states (`setup.images`) or steps (`createNetwork`) concerned; empty for the whole workflow. */
  readonly where: readonly string[];
  readonly message: string;
  /** The next thing to do. */
  readonly hint: string;
}
