import type { Json, JsonObject } from '../../../engine/model/json.ts';
import type { Argv, CommandResult, NamespaceRef } from '../../../engine/ports/command.ts';
import { createCommandPort } from '../../../host/commands/command.ts';
import { systemClock } from '../../../host/machine/clock.ts';
import { PRIVATE_HOST_VARIABLE } from '../protocol/names.ts';
import {
  takeNumber,
  takeNumberOrNull,
  takeObject,
  takeText,
  takeTextMap,
  takeTextOrNull,
  takeTexts,
} from '../protocol/request-members.ts';
import { innerGroups } from './inner-groups.ts';
import { startWithSpawn } from './start-with-spawn.ts';

/** The commands of one connection, which end with it. */
export class Commands {
  readonly #groups = innerGroups();
  // Needs no namespace entry: this process is already in the private host.
  readonly #port = createCommandPort(systemClock, () => startWithSpawn, undefined, this.#groups);
  readonly #running = new Map<number, { readonly stop: AbortController; readonly ended: Promise<unknown> }>();
  #isOver = false;

  /** Runs a command, which its number identifies within the connection, and returns how it ended. */
  async run(asked: JsonObject): Promise<Json> {
    const number = takeNumber(asked, 'number');
    const stop = new AbortController();
    if (this.#isOver) stop.abort();
    const ended = this.#start(asked, stop.signal);
    this.#running.set(number, { stop, ended });
    try {
      const { end, stdout, stderr, truncated } = await ended;
      return { end: { ...end }, stdout, stderr, truncated };
    } finally {
      this.#running.delete(number);
    }
  }

  /** Stops a command at the request of its caller; does nothing if the command has ended. */
  stop(asked: JsonObject): void {
    this.#running.get(takeNumber(asked, 'number'))?.stop.abort();
  }

  /** Kills all commands with their process groups, and resolves when they have ended. Later commands are stopped at once. */
  async end(): Promise<void> {
    this.#isOver = true;
    const left = [...this.#running.values()];
    for (const { stop } of left) stop.abort();
    this.#groups.killAll();
    await Promise.allSettled(left.map(({ ended }) => ended));
  }

  #start(asked: JsonObject, signal: AbortSignal): Promise<CommandResult> {
    const [program = '', ...args] = takeTexts(asked, 'argv');
    const argv: Argv = [program, ...args];
    const stdin = takeTextOrNull(asked, 'stdin');
    const cwd = takeTextOrNull(asked, 'cwd');
    const maxOutputBytes = takeNumberOrNull(asked, 'maxOutputBytes');
    const namespace = asked['namespace'] === null ? undefined : namespaceOf(takeObject(asked, 'namespace'));
    return this.#port.run(argv, {
      signal,
      timeoutMs: takeNumber(asked, 'timeoutMs'),
      // The mark of this private host, even if wf itself runs in another one.
      env: { ...takeTextMap(asked, 'env'), [PRIVATE_HOST_VARIABLE]: process.env[PRIVATE_HOST_VARIABLE] ?? '' },
      ...(stdin === null ? {} : { stdin }),
      ...(cwd === null ? {} : { cwd }),
      ...(maxOutputBytes === null ? {} : { maxOutputBytes }),
      ...(namespace === undefined ? {} : { namespace }),
    });
  }
}

function namespaceOf(asked: JsonObject): NamespaceRef {
  const process = asked['process'] === null ? null : takeObject(asked, 'process');
  return {
    born: takeTextOrNull(asked, 'born') ?? undefined,
    path: takeText(asked, 'path'),
    inode: takeNumberOrNull(asked, 'inode'),
    process:
      process === null
        ? null
        : {
            pid: takeNumber(process, 'pid'),
            startTime: takeText(process, 'startTime'),
            bootId: takeText(process, 'bootId'),
          },
  };
}
