import { asWfError, WfError } from '../../engine/model/errors.ts';
import { commandLine } from '../../engine/model/evidence.ts';
import type { RunId } from '../../engine/model/ids.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import type { CommandPort, CommandResult } from '../../engine/ports/command.ts';
import type { RunStatus } from '../../engine/ports/history.ts';
import type { Notice, NotifierPort, NotifyCommand } from '../../engine/ports/notifier.ts';
import { requireSuccess } from '../commands/checked-command.ts';
import { locateNotifyProgram } from './notify-program.ts';

/** Time limit of one notice. */
const LIMIT_MS = 30_000;
/** Time limit for the pending notices when this process is about to end; longer than LIMIT_MS, so that a hanging one is reported. */
const END_MS = LIMIT_MS + 2_000;
/** The output is used only in the message about a failure. */
const MOST_OUTPUT_BYTES = 4 * 1024;
/** Limit for many runs that fail at the same moment. */
const MOST_AT_A_TIME = 8;
/** Limit of queued notices, each with the record of its run: hanging commands must not fill the memory. */
const MOST_WAITING = 500;

/** The data of a run that its command receives. */
export interface NotifiedRun {
  readonly workflow: string;
  readonly status: RunStatus;
  /** The run record as JSON. */
  readonly document: string;
}

interface NotifierDependencies {
  readonly command: CommandPort;
  readonly clock: Clock;
  /** Absolute path. */
  readonly database: string;
  /** Reads a run. @throws WfError E_DATABASE* */
  read(run: RunId): NotifiedRun;
}

interface Queued {
  readonly run: RunId;
  send(): Promise<void>;
}

/** Creates the port that runs notification commands: those of one run in order, those of several runs in parallel. */
export function createNotifier({ command, clock, database, read }: NotifierDependencies): NotifierPort {
  const queue: Queued[] = [];
  const busy = new Set<RunId>();
  const stopped = new AbortController();
  let onIdle = () => {};

  function sendNext(): void {
    for (const queued of [...queue]) {
      if (busy.size >= MOST_AT_A_TIME) return;
      if (busy.has(queued.run)) continue;
      queue.splice(queue.indexOf(queued), 1);
      busy.add(queued.run);
      void queued.send().finally(() => {
        busy.delete(queued.run);
        sendNext();
        if (busy.size === 0) onIdle();
      });
    }
  }

  async function run(notice: NotifyCommand, notified: NotifiedRun): Promise<void> {
    const result = await command.run(locateNotifyProgram(notice.argv), {
      timeoutMs: LIMIT_MS,
      signal: stopped.signal,
      stdin: notified.document,
      // The folder of this process may be gone, or belong to an agent.
      cwd: '/',
      maxOutputBytes: MOST_OUTPUT_BYTES,
      env: {
        ...redactedVariables(notice.redact),
        WF_NOTIFY_REASON: notice.reason,
        WF_RUN: notice.run,
        WF_WORKFLOW: notified.workflow,
        WF_STATUS: notified.status,
        WF_DB: database,
      },
    });
    requireSent(result, notice);
  }

  return {
    locate: locateNotifyProgram,
    send(notice, failed) {
      const fail = (thrown: unknown) => failed(asWfError(thrown));
      try {
        // Read now: the run may have changed when its turn comes.
        if (queue.length >= MOST_WAITING) throw tooMany();
        const notified = read(notice.run);
        queue.push({ run: notice.run, send: () => run(notice, notified).catch(fail) });
        sendNext();
      } catch (thrown) {
        fail(thrown);
      }
    },
    sent(stop) {
      if (busy.size === 0) return undefined;
      const end = () => stopped.abort();
      stop.addEventListener('abort', end, { once: true });
      if (stop.aborted) end();
      const cancel = clock.after(END_MS, end);
      return new Promise<void>((resolve) => {
        onIdle = resolve;
      }).finally(() => {
        cancel();
        stop.removeEventListener('abort', end);
      });
    },
  };
}

/** Returns the environment variables of this process that hold a secret, redacted. */
function redactedVariables(redact: NotifyCommand['redact']): Readonly<Record<string, string>> {
  const redacted = Object.entries(process.env).map(([name, value = '']) => [name, value, redact(value)] as const);
  return Object.fromEntries(redacted.flatMap(([name, value, text]) => (text === value ? [] : [[name, text]])));
}

function tooMany(): WfError {
  return new WfError('E_LIMIT', `${MOST_WAITING} notices wait for their turn`, {
    hint: 'Make the notification command faster: let it pass the record to another program.',
  });
}

/** @throws WfError unless the command has exited with 0 */
function requireSent(result: CommandResult, { run }: Notice): void {
  const hint = `The run is not affected. Try the command by hand, with the output of \`wf show ${run} --json\` on its standard input.`;
  if (result.end.type === 'aborted') {
    throw new WfError('E_HOST_COMMAND', `\`${commandLine(result.argv)}\` was ended with wf`, { hint });
  }
  try {
    requireSuccess(result, LIMIT_MS);
  } catch (thrown) {
    const { code, message } = asWfError(thrown);
    throw new WfError(code, message, { hint, cause: thrown });
  }
}
