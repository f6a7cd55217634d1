/** What `wf check` looks for. Names are stable: scripts may depend on them. */
export type CheckName =
  | 'refused'
  | 'unreachable-state'
  | 'never-done'
  | 'no-way-to-an-end'
  | 'transition-never-taken'
  | 'not-implemented'
  | 'step-input'
  | 'no-undo'
  | 'undo-not-named'
  | 'reverts-unknown-step'
  | 'no-on-error'
  | 'unnamed-delay';

/**
 * `error`: a run could not be started, would not come to an end, could not be undone, or never does what the file says it
 * does. `warning`: a run works, but perhaps not as it was meant.
 */
export type Severity = 'error' | 'warning';

export interface Finding {
  readonly check: CheckName;
  readonly severity: Severity;
  /** States (`setup.images`) or steps (`createNetwork`) that it is about; empty where it is about the whole workflow. */
  readonly where: readonly string[];
  readonly message: string;
  /** The next thing to do. */
  readonly hint: string;
}
