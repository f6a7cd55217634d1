import { WfError } from '../../engine/model/errors.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import type { Argv, CommandEnd, CommandOptions, CommandPort, CommandResult } from '../../engine/ports/command.ts';
import { pause } from '../machine/clock.ts';
import { openNamespace } from '../namespaces/open-namespace.ts';
import { machineGroups, type ProcessGroups } from '../processes/process-group.ts';
import { collectBounded } from './bounded-output.ts';
import { explainStartFailure, nsenterRefusal } from './command-failure.ts';
import { requireNoNul } from './require-no-nul.ts';
import type { StartCommand } from './start-command.ts';
import { toolFolders } from './tool-folders.ts';

/** How long a command has between SIGTERM and SIGKILL. */
const GRACE_MS = 500;
/** Each of stdout and stderr, where the caller does not say. */
const DEFAULT_OUTPUT_BYTES = 256 * 1024;

/** The way into the host that commands are for. */
export interface NamespaceEntry {
  /**
   * What nsenter is told: to enter this network namespace, or the host's own where none is given. Empty where nothing is entered.
   * @throws WfError E_NAMESPACE_GONE where the host has ended
   */
  options(network: string | undefined): readonly string[];
}

/** wf is there already. */
const MACHINE: NamespaceEntry = {
  options: (network) => (network === undefined ? [] : [`--net=${network}`]),
};

/** Runs commands of a host, of the machine itself where none is given. */
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

interface Parts {
  readonly clock: Clock;
  readonly groups: ProcessGroups;
  readonly start: StartCommand;
}

/** Runs `line` and answers as if `argv` had been run. */
async function runStarted(
  { clock, groups, start }: Parts,
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

  // The first reason is the answer: what happens while the process ends does not replace it.
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
      // Whoever left the group could hold the pipes open for ever.
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
    throw new WfError('E_INTERNAL', `${line[0]} ended without saying how`, {
      hint: 'This is a defect in wf: report it.',
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

/** Waits until no process of the group runs; what ignores SIGTERM is killed after the grace. */
async function groupGone(clock: Clock, groups: ProcessGroups, group: number): Promise<void> {
  const pollMs = 25;
  for (let waitedMs = 0; groups.signal(group, 0) && groups.runs(group); waitedMs += pollMs) {
    if (waitedMs >= GRACE_MS) groups.signal(group, 'SIGKILL');
    await pause(clock, pollMs);
  }
}
