import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { appendFileSync, chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

/** One `ip` command, or one line of a batch. */
export interface RecordedCommand {
  /** Milliseconds since the epoch, to the hundredth of a second. */
  readonly at: number;
  /** The marks of the process: its step and run, and its private host. */
  readonly step: z.output<typeof markSchema> | undefined;
  readonly privateHost: string | undefined;
  /** Pid, in the namespace of the machine, of the parent process: distinguishes two private hosts of one run. */
  readonly askedBy: string;
  readonly command: string;
}

const markSchema = z.object({
  run: z.string(),
  step: z.string(),
  attempt: z.union([z.number(), z.literal('undo')]),
  owner: z.object({ pid: z.number(), startTime: z.string(), bootId: z.string() }),
});

/** The resolution of /proc/uptime. */
const TICK_MS = 10;

/** Writes a line for each command, then executes the real program, without an extra process that would take time. */
const RECORDER = `#!/bin/sh
read now rest </proc/uptime
read self name state parent rest </proc/self/stat
record() { printf '%s\\t%s\\t%s\\t%s\\t%s\\n' "$now" "$WF_PROCESS" "$WF_PRIVATE_HOST" "$parent" "$1" >>LOG; }
case " $* " in
  *' -batch '*)
    lines=
    while IFS= read -r line; do
      record "$line"
      lines="$lines$line
"
    done
    exec REAL "$@" <<END
$lines
END
    ;;
  *)
    record "$*"
    exec REAL "$@"
    ;;
esac
`;

/** An independent record of the executed `ip` commands, like strace. */
export interface IpRecorder {
  /** A folder for PATH with an `ip` in it that keeps the record. */
  readonly tools: string;
  /** All recorded commands, in order. */
  commands(): readonly RecordedCommand[];
  end(): void;
}

/** The files of the machine are read-only on a private host, but not its pipes: the record leaves the host through a pipe. */
export function recordIp(folder: string): IpRecorder {
  const tools = path.join(folder, 'tools');
  const pipe = path.join(folder, 'ip-pipe');
  const log = path.join(folder, 'ip-commands');
  const real = execFileSync('sh', ['-c', 'command -v ip'], { encoding: 'utf8' }).trim();
  mkdirSync(tools);
  const file = path.join(tools, 'ip');
  writeFileSync(file, RECORDER.replaceAll('LOG', pipe).replaceAll('REAL', real));
  chmodSync(file, 0o755);
  execFileSync('mkfifo', ['--mode=666', pipe]);
  writeFileSync(log, '');
  // Opened for reading and writing, so that no writer waits and the end of one writer does not end the pipe.
  const copy = ['sh', '-c', 'exec cat <>"$0" >>"$1"', pipe, log];
  const collector = spawn('setpriv', ['--pdeathsig', 'KILL', ...copy], { stdio: 'ignore' });
  return {
    tools,
    commands: () => commandsIn(writtenSoFar(pipe, log)),
    end: () => void collector.kill('SIGKILL'),
  };
}

/** The lines of the log, after everything in the pipe has been copied. */
function writtenSoFar(pipe: string, log: string): readonly string[] {
  const last = randomUUID();
  appendFileSync(pipe, `${last}\n`);
  for (;;) {
    const lines = readFileSync(log, 'utf8').split('\n');
    if (lines.includes(last)) return lines;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
  }
}

function commandsIn(lines: readonly string[]): readonly RecordedCommand[] {
  // Both are truncated to hundredths of a second: no command is recorded later than it ran.
  const bootedAt = Date.now() - TICK_MS - Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1_000;
  return lines.flatMap((line) => {
    const [uptime, mark = '', privateHost, askedBy = '', command] = line.split('\t');
    if (command === undefined) return [];
    const step = mark === '' ? undefined : markSchema.parse(JSON.parse(mark));
    return [
      {
        at: bootedAt + Number(uptime) * 1_000,
        step,
        privateHost: privateHost === '' ? undefined : privateHost,
        askedBy,
        command,
      },
    ];
  });
}
