import { WfError } from '../../engine/model/errors.ts';
import { type Clock, pause } from '../../engine/ports/clock.ts';
import type { Argv, CommandEnd, CommandOptions, CommandPort, CommandResult } from '../../engine/ports/command.ts';
import { openNamespace } from '../namespaces/open-namespace.ts';
import { machineGroups, type ProcessGroups } from '../processes/process-group.ts';
import { collectBounded } from './bounded-output.ts';
import { explainStartFailure, nsenterRefusal } from './command-failure.ts';
import { requireNoNul } from './require-no-nul.ts';
import type { StartCommand } from './start-command.ts';
import { toolFolders } from './tool-folders.ts';

/** Time between SIGTERM and SIGKILL. */
const GRACE_MS = 500;
/** Default limit of stdout and of stderr. */
const DEFAULT_OUTPUT_BYTES = 256 * 1024;

/** Enters the host that commands run on. */
export interface NamespaceEntry {
  /**
   * Returns nsenter's options for this network namespace, by default the host's own; empty if no namespace needs to be
   * entered.
   * @throws WfError E_NAMESPACE_GONE if the host has ended
   */
  options(network: string | undefined): readonly string[];
}

/** The host that wf runs on. */
const MACHINE: NamespaceEntry = {
  options: (network) => (network === undefined ? [] : [`--net=${network}`]),
};

/** Creates a port that runs commands on a host, by default on the machine itself. */
export function createCommandPort(
  clock: Clock,
  starter: () => StartCommand | Promise<StartCommand>,
  entry = MACHINE,
  groups = machineGroups,
): CommandPort {
  const runProcess = async (argv: Argv, line: Argv, options: CommandOptions) => {
    const start = await starter();
    if (options.signal?.aborted) return neverStarted(argv, clock.now());
    return await runStarted({ clock, groups, start }, argv, line, options);
  };
  return {
    async run(argv, options) {
      requireNoNul(argv, options);
      if (options.signal?.aborted) return neverStarted(argv, clock.now());
      const namespace = options.namespace === undefined ? undefined : openNamespace(options.namespace);
      try {
        const entered = entry.options(namespace?.path);
        if (entered.length === 0) return await runProcess(argv, argv, options);
        const result = await runProcess(argv, ['nsenter', ...entered, '--', ...argv], options);
        const refusal = nsenterRefusal(argv, result, options.namespace?.path ?? 'of the private host');
        if (refusal !== undefined) throw refusal;
        return result;
      } finally {
        namespace?.close();
      }
    },
  };
}

function neverStarted(argv: Argv, startedAt: number): CommandResult {
  return { argv, end: { type: 'aborted' }, stdout: '', stderr: '', truncated: false, startedAt, durationMs: 0 };
}

interface CommandDependencies {
  readonly clock: Clock;
  readonly groups: ProcessGroups;
  readonly start: StartCommand;
}

/** Runs `line` and reports the result as that of `argv`. */
async function runStarted(
  { clock, groups, start }: CommandDependencies,
  argv: Argv,
  line: Argv,
  options: CommandOptions,
): Promise<CommandResult> {
  const { cwd, stdin, inherited } = options;
  const startedAt = clock.now();
  const child = start(line, { env: environment(options.env), cwd, stdin, inherited });
  const maxBytes = options.maxOutputBytes ?? DEFAULT_OUTPUT_BYTES;
  const stdout = collectBounded(child.stdout, maxBytes);
  const stderr = collectBounded(child.stderr, maxBytes);

  // The first reason counts: later events do not replace it while the process ends.
  let end: CommandEnd | undefined;
  let stopping = false;
  let cancelKill = (): void => undefined;
  const closeStreams = (): void => {
    child.stdout.destroy();
    child.stderr.destroy();
  };
  const stop = (reason: CommandEnd): void => {
    end ??= reason;
    stopping = true;
    if (child.pid === undefined) return;
    const group = child.pid;
    groups.signal(group, 'SIGTERM');
    cancelKill();
    cancelKill = clock.after(GRACE_MS, () => {
      groups.signal(group, 'SIGKILL');
      // A process that left the group could keep the pipes open forever.
      closeStreams();
    });
  };
  const onAbort = (): void => stop({ type: 'aborted' });
  const cancelTimeout = clock.after(options.timeoutMs, () => stop({ type: 'timed-out' }));
  options.signal?.addEventListener('abort', onAbort, { once: true });
  if (child.pid !== undefined) groups.remember(child.pid);
  child.once('exit', (exitCode, signal) => {
    end ??= signal === null ? { type: 'exited', exitCode: exitCode ?? 0 } : { type: 'killed', signal };
  });
  try {
    const failure = await child.over;
    if (child.pid === undefined) throw explainStartFailure(argv, line, options.cwd, failure);
    if (stopping) await groupGone(clock, groups, child.pid);
  } finally {
    cancelTimeout();
    cancelKill();
    options.signal?.removeEventListener('abort', onAbort);
    if (child.pid !== undefined) groups.forget(child.pid);
  }
  if (end === undefined) {
    throw new WfError('E_INTERNAL', `${line[0]} ended without a result`, {
      hint: 'Report this defect of wf.',
    });
  }
  return {
    argv,
    end,
    stdout: stdout.text(),
    stderr: stderr.text(),
    truncated: stdout.truncated() || stderr.truncated(),
    startedAt,
    durationMs: clock.now() - startedAt,
  };
}

/** The C locale makes messages the same everywhere. */
function environment(added: CommandOptions['env']): Record<string, string> {
  return { PATH: toolFolders().join(':'), LC_ALL: 'C', ...added };
}

/** Waits until no process of the group runs; kills those that ignore SIGTERM after the grace period. */
async function groupGone(clock: Clock, groups: ProcessGroups, group: number): Promise<void> {
  const pollMs = 25;
  for (let waitedMs = 0; groups.signal(group, 0) && groups.runs(group); waitedMs += pollMs) {
    if (waitedMs >= GRACE_MS) groups.signal(group, 'SIGKILL');
    await pause(clock, pollMs);
  }
}
