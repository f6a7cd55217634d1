import type { Owner } from '../model/owner.ts';

/** An argv array: the program, then its arguments. Never a shell string. */
export type Argv = readonly [program: string, ...args: string[]];

/**
 * A network namespace by where it can be opened and what it must be: the inode tells a namespace
 * apart from another one that a reused pid now has.
 */
export interface NamespaceRef {
  /** Such as `/proc/4711/ns/net` or `/run/netns/lab`. */
  readonly path: string;
  /** Inode of the namespace; `null` accepts whatever the path leads to (only for looking, never for changing). */
  readonly inode: number | null;
  /**
   * The process that the path leads through, where it leads through one: inodes and pids are used again (after a restart of
   * a container often the very same ones), the start time tells them apart. Null where no process is concerned.
   */
  readonly process: Owner | null;
}

export interface CommandOptions {
  /** The command is ended (SIGTERM, then SIGKILL) after this many milliseconds. */
  readonly timeoutMs: number;
  /** Runs the command inside this network namespace instead of wf's own. */
  readonly namespace?: NamespaceRef;
  readonly signal?: AbortSignal;
  /**
   * A descriptor of wf that the command has as its descriptor 3: `/proc/self/fd/3` leads to what wf holds open, also where the
   * command may not look into wf's own /proc.
   */
  readonly inherited?: number;
  /** Written to the command's standard input, which is otherwise empty. */
  readonly stdin?: string;
  /** Added to wf's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Each of stdout and stderr is cut after this many bytes; 256 KiB where it is not said. */
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
   * @throws WfError E_TOOL_MISSING when the program does not exist, E_PERMISSION when it may not be run or the
   * namespace may not be entered, E_NAMESPACE_GONE when the namespace is gone or is another one by now.
   */
  run(argv: Argv, options: CommandOptions): Promise<CommandResult>;
}
