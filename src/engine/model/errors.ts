import type { JsonObject } from './json.ts';

/**
 * The errors with which a run or a command can fail. A code never changes its meaning; its number is the exit code of a command that
 * ends with it before it has touched the host.
 */
export const ERROR_EXIT_CODES = {
  // 1: tried, and failed
  E_STEP_FAILED: 1,
  E_STEP_TIMEOUT: 1,
  E_STEP_INPUT: 1,
  E_STEP_OUTPUT: 1,
  E_STEP_STOPPED: 1,
  E_INTERRUPTED: 1,
  E_ROLLED_BACK: 1,
  E_CANCELLED: 1,
  E_FLEET_FAILED: 1,
  E_NOT_CONFIRMED: 1,
  E_HOST_COMMAND: 1,
  E_PROBE_FAILED: 1,
  E_PROBE_ANSWERED: 1,
  E_NOT_PROVEN: 1,
  E_CHANGES_GONE: 1,
  E_CONTAINER_CHANGED: 1,
  E_SWARM_JOIN: 1,
  E_NAMESPACE_GONE: 1,
  E_FILE: 1,
  E_UNCAUGHT: 1,
  E_INTERNAL: 1,
  // 2: usage or bad input
  E_USAGE: 2,
  E_INPUT: 2,
  E_WORKFLOW_NOT_FOUND: 2,
  E_WORKFLOW_INVALID: 2,
  E_RUN_NOT_FOUND: 2,
  E_RUN_AMBIGUOUS: 2,
  E_PLAN_NOT_FOUND: 2,
  E_FLEET_NOT_FOUND: 2,
  E_HOST_NOT_FOUND: 2,
  E_RUN_ENDED: 2,
  E_EVENT_INVALID: 2,
  E_RUN_IMPORTED: 2,
  E_RUN_FILE_INVALID: 2,
  E_STEP_NOT_FOUND: 2,
  // 3: this machine cannot carry it out
  E_HOST_STATE_UNKNOWN: 3,
  E_DOCKER: 3,
  E_DOCKER_UNREACHABLE: 3,
  E_DOCKER_NOT_LOCAL: 3,
  E_PERMISSION: 3,
  E_UNTRUSTED: 3,
  E_LIMIT: 3,
  E_TOOL_MISSING: 3,
  E_KERNEL: 3,
  E_RUNNER_MISSING: 3,
  E_IMAGE_UNAVAILABLE: 3,
  E_RUNTIME_UNAVAILABLE: 3,
  E_GUARD: 3,
  E_SYSTEMD: 3,
  E_DATABASE: 3,
  E_DATABASE_NEWER: 3,
  E_DATABASE_DAMAGED: 3,
  E_DATABASE_READONLY: 3,
  E_DISK_FULL: 3,
  E_OUTPUT: 3,
  E_TRACES: 3,
  E_FLEET_UNREACHABLE: 3,
  E_CERTIFICATE: 3,
  // 4: something is in the way
  E_NAME_IN_USE: 4,
  E_SUBNET_IN_USE: 4,
  E_ADDRESS_IN_USE: 4,
  E_LINK_IN_USE: 4,
  E_SWARM_IN_USE: 4,
  E_ROUTE_IN_USE: 4,
  E_FILE_CHANGED: 4,
  E_RUN_EXISTS: 4,
  E_TOMBSTONE: 4,
  E_FLEET_EXISTS: 4,
  E_MAILBOX_HELD: 4,
  E_PLAN_USED: 4,
  E_PLAN_OUTDATED: 4,
  E_WORKFLOW_RUNNING: 4,
  E_AGENT_RUNNING: 4,
  E_UI_RUNNING: 4,
  E_SIGNED_OUT: 4,
  E_FORBIDDEN: 4,
  E_UNIT_EXISTS: 4,
  E_LEASE_HELD: 4,
  E_LEASE_LOST: 4,
  E_EVENT_UNEXPECTED: 4,
  E_REQUEST_REFUSED: 4,
  E_WAIT_TIMEOUT: 4,
  E_RUN_NOT_ADVANCED: 4,
  E_ORPHAN_ALIVE: 4,
  E_DEFINITION_CHANGED: 4,
  E_JOURNAL_DIVERGED: 4,
  E_WRONG_PLACE: 4,
  E_DATABASE_LOCKED: 4,
  // 5: the host needs attention
  E_RESIDUE: 5,
  E_FOREIGN: 5,
} as const;

export type ErrorCode = keyof typeof ERROR_EXIT_CODES;
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 130 | 143;

/** An error as it is journaled and printed: a stable code, a message with exact names, and the next thing to do. */
export interface ErrorRecord {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

interface WfErrorOptions {
  /** The next thing to do, as a sentence or a command. */
  readonly hint: string;
  /** Whether a retry may succeed without intervention (a busy daemon, a lost connection). */
  readonly transient?: boolean;
  /** Set by a step runner's `apply` that is certain not to have touched the host. */
  readonly untouched?: boolean;
  /** Facts for a reader of the journal: ids, addresses, exit codes. Never secrets. */
  readonly details?: JsonObject;
  readonly cause?: unknown;
}

/** An error that wf raises on purpose. Any other error that reaches the top is a defect, reported as E_INTERNAL. */
export class WfError extends Error {
  override readonly name = 'WfError';
  readonly code: ErrorCode;
  readonly hint: string;
  readonly transient: boolean;
  readonly untouched: boolean;
  readonly details: JsonObject;

  constructor(code: ErrorCode, message: string, options: WfErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.transient = options.transient ?? false;
    this.untouched = options.untouched ?? false;
    this.details = options.details ?? {};
  }

  get exitCode(): ExitCode {
    return ERROR_EXIT_CODES[this.code];
  }

  toRecord(): ErrorRecord {
    return { code: this.code, message: this.message, hint: this.hint };
  }
}

/** Returns the error of a record. */
export function errorOfRecord({ code, message, hint }: ErrorRecord): WfError {
  return new WfError(code, message, { hint });
}

/** Whether `text` is one of wf's error codes. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_EXIT_CODES, text);
}

/**
 * Returns `thrown` as a WfError: unchanged if it is one; E_LIMIT if a limit of the system was reached; else a defect (E_INTERNAL). The
 * original is its cause.
 */
export function asWfError(thrown: unknown): WfError {
  if (isWfError(thrown)) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return limitReached(message, thrown) ?? defect(message, thrown);
}

/** Messages with which the system, V8 and the dynamic linker report an exhausted resource. */
const LIMITS: readonly { readonly matches: RegExp; readonly hint: string }[] = [
  {
    matches: /\bE[MN]FILE\b|too many open files/i,
    hint: 'Raise the limit of open files (`ulimit -n`), or end a process that has many open, then try again.',
  },
  {
    // The first alternative is the whole message if a thread cannot be created.
    matches: /^EAGAIN$|\bspawn\b.*\bEAGAIN\b|\bfork\b.*resource temporarily unavailable/i,
    hint: 'Raise the limit of processes (`ulimit -u`, the pids limit of the cgroup), or end some, then try again.',
  },
  {
    matches: /\bENOMEM\b|cannot allocate memory|out of memory|failed to map segment|allocation failed/i,
    hint: 'Free some memory (`free`), or raise the limit (`ulimit -v`), then try again.',
  },
];

/** Returns the E_LIMIT error for a message of the system about an exhausted resource; undefined for any other message. */
export function limitReached(message: string, cause?: unknown): WfError | undefined {
  const limit = LIMITS.find(({ matches }) => matches.test(message));
  if (limit === undefined) return undefined;
  return new WfError('E_LIMIT', `a limit of this process or machine is reached: ${message}`, {
    hint: limit.hint,
    transient: true,
    cause,
  });
}

function defect(message: string, thrown: unknown): WfError {
  return new WfError('E_INTERNAL', message, {
    hint: 'This is a defect in wf or in a step runner. Run the command again with WF_DEBUG=1 to see where it was raised, and report it.',
    cause: thrown,
  });
}

/** Also true for an error that a package of step runners raised with its own copy of wf. */
function isWfError(thrown: unknown): thrown is WfError {
  if (thrown instanceof WfError) return true;
  return thrown instanceof Error && thrown.name === 'WfError' && 'code' in thrown && isErrorCode(String(thrown.code));
}
