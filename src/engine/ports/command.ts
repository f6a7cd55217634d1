import type { Owner } from '../model/identity/owner.ts';

/** An argv array: the program, then its arguments. Never a shell string. */
export type Argv = readonly [program: string, ...args: string[]];

/**
 * A network namespace: the path to open, and the expected identity, since a path through a reused pid leads to another namespace.
 */
export interface NamespaceRef {
  /** Such as `/proc/4711/ns/net` or `/run/netns/lab`. */
  readonly path: string;
  /** Inode of the namespace; `null` accepts any (only for observing, never for changing). */
  readonly inode: number | null;
  /**
   * The process whose /proc entry the path leads through; null if there is none. Inodes and pids are reused (often the same ones after
   * a restart of a container), but its start time differs.
   */
  readonly process: Owner | null;
  /** The time at which a named namespace was created, in nanoseconds since the epoch: it distinguishes one whose inode is reused. */
  readonly born?: string | undefined;
}

export interface CommandOptions {
  /** The command is ended (SIGTERM, then SIGKILL) after this many milliseconds. */
  readonly timeoutMs: number;
  /** Runs the command inside this network namespace instead of wf's own. */
  readonly namespace?: NamespaceRef;
  readonly signal?: AbortSignal;
  /**
   * A descriptor of wf that becomes descriptor 3 of the command: `/proc/self/fd/3` leads to the open file even if the command has no
   * access to wf's own /proc.
   */
  readonly inherited?: number;
  /** Content of the command's standard input; empty if absent. */
  readonly stdin?: string;
  /** Added to wf's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Whether the command changes nothing, so that one run of it may answer several callers who ask at the same moment; false if absent. */
  readonly isRead?: boolean;
  /** The command without paths that differ in each run, which names its crash points; argv if absent. */
  readonly typed?: Argv;
  /** Bytes after which stdout and stderr are cut, each; 256 KiB if absent. */
  readonly maxOutputBytes?: number;
}

/** How a command ended. Exactly one reason, the first that occurred. */
export type CommandEnd =
  | { readonly type: 'exited'; readonly exitCode: number }
  | { readonly type: 'killed'; readonly signal: string }
  | { readonly type: 'timed-out' }
  | { readonly type: 'aborted' };

export interface CommandResult {
  readonly argv: Argv;
  readonly end: CommandEnd;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether stdout or stderr was cut at maxOutputBytes. */
  readonly truncated: boolean;
  readonly startedAt: number;
  readonly durationMs: number;
}

/** Runs host commands. The caller judges the exit code. */
export interface CommandPort {
  /**
   * @throws WfError E_TOOL_MISSING if the program does not exist, E_PERMISSION if it may not be run or the namespace may not be entered,
   * E_NAMESPACE_GONE if the namespace is gone or is another one by now
   */
  run(argv: Argv, options: CommandOptions): Promise<CommandResult>;
}
