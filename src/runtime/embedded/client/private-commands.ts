import type { JsonObject } from '../../../engine/model/json.ts';
import type { Clock } from '../../../engine/ports/clock.ts';
import type { CommandOptions, CommandPort, NamespaceRef } from '../../../engine/ports/command.ts';
import { requireNoNul } from '../../../host/commands/require-no-nul.ts';
import { toolFolders } from '../../../host/commands/tool-folders.ts';
import { commandAnswer, nothing } from '../protocol/answers.ts';
import { TEMPORARY_FOLDER } from '../protocol/names.ts';
import type { Connection } from './connection.ts';

/** Margin between the time-out of a command and that of its call. Ending a command takes less than a second. */
const SPARE_MS = 60_000;

/** Runs commands in a private host through its process. Commands cannot inherit descriptors. */
export function privateCommands({ call }: Connection, clock: Clock): CommandPort {
  let last = 0;
  // Commands receive wf's own environment, as on the machine: the private host was started without it.
  const own = ownEnvironment();
  return {
    async run(argv, options) {
      requireNoNul(argv, options);
      const { signal, timeoutMs } = options;
      const startedAt = clock.now();
      if (signal?.aborted) {
        return { argv, end: { type: 'aborted' }, stdout: '', stderr: '', truncated: false, startedAt, durationMs: 0 };
      }
      last += 1;
      const number = last;
      // If this fails, the call itself fails too.
      const stop = () => void call('stopCommand', { number }, nothing).catch(() => undefined);
      const answer = call('run', asked(number, argv, own, options), commandAnswer, timeoutMs + SPARE_MS);
      signal?.addEventListener('abort', stop, { once: true });
      try {
        return { argv, ...(await answer), startedAt, durationMs: clock.now() - startedAt };
      } finally {
        signal?.removeEventListener('abort', stop);
      }
    },
  };
}

function asked(
  number: number,
  argv: readonly string[],
  own: Readonly<Record<string, string>>,
  { timeoutMs, namespace, stdin, env, cwd, maxOutputBytes }: CommandOptions,
): JsonObject {
  return {
    number,
    argv,
    timeoutMs,
    namespace: namespace === undefined ? null : placeOf(namespace),
    stdin: stdin ?? null,
    cwd: cwd ?? null,
    env: { ...own, PATH: toolFolders().join(':'), LC_ALL: 'C', TMPDIR: TEMPORARY_FOLDER, ...env },
    maxOutputBytes: maxOutputBytes ?? null,
  };
}

function placeOf({ path, inode, process, born }: NamespaceRef): JsonObject {
  return { path, inode, process: process === null ? null : { ...process }, born: born ?? null };
}

function ownEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
