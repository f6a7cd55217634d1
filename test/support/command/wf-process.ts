import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

/** The built command. */
export const WF = fileURLToPath(new URL('../../../dist/wf.cjs', import.meta.url));

/** The result of a finished command. */
export interface WfEnd {
  readonly exitCode: number | undefined;
  /** Set if a signal killed the process. */
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** All of stdout as one JSON document. Throws if it is not exactly one. */
  json(): unknown;
}

/** A command that runs. */
export interface RunningWf {
  readonly args: readonly string[];
  /** Its process. */
  readonly pid: number;
  /** Resolves with the first line on stderr that matches; rejects if the command ends without one. */
  line(pattern: RegExp): Promise<string>;
  /** The same on stdout. */
  printed(pattern: RegExp): Promise<string>;
  /** The same, and stops the process (SIGSTOP) at once, before it does anything more. */
  haltAt(pattern: RegExp): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  readonly end: Promise<WfEnd>;
}

export interface WfOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** The folder in which wf is called; by default that of the project. */
  readonly cwd?: string;
  /** The prefix of the wf command, e.g. `['setpriv', '--reuid', '65534']`. */
  readonly through?: readonly string[];
  /** The command; by default the built one. */
  readonly program?: string;
}

/** Calls wf with only the given environment. */
export function startWf(args: readonly string[], { env = {}, cwd, through = [], program = WF }: WfOptions): RunningWf {
  const [file, ...rest] = [...through, process.execPath, program, ...args];
  if (file === undefined) throw new Error('nothing to run');
  const child = execa(file, rest, {
    ...(cwd === undefined ? {} : { cwd }),
    env,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    stripFinalNewline: false,
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${file} could not be started`);
  const kill = (signal: NodeJS.Signals) => void child.kill(signal);
  const [lines, printed] = [lineWatch(), lineWatch()];
  child.stderr.on('data', lines.take);
  child.stdout.on('data', printed.take);
  const end = child.then(({ exitCode, signal, stdout, stderr }): WfEnd => {
    lines.end();
    printed.end();
    return { exitCode, signal, stdout, stderr, json: () => JSON.parse(stdout) };
  });
  return {
    args,
    pid,
    kill,
    end,
    line: (pattern) => lines.next(pattern, () => {}),
    printed: (pattern) => printed.next(pattern, () => {}),
    haltAt: (pattern) => lines.next(pattern, () => kill('SIGSTOP')),
  };
}

interface Watcher {
  readonly pattern: RegExp;
  found(line: string): void;
  ended(seen: string): void;
}

/** Finds lines in chunked output. Calls the action of a line at once, in the event that delivered it. */
function lineWatch() {
  let all = '';
  let taken = 0;
  let over = false;
  let watchers: Watcher[] = [];
  const check = () => {
    const lines = all.split('\n').slice(0, -1);
    watchers = watchers.filter((watcher) => {
      const line = lines.find((candidate) => watcher.pattern.test(candidate));
      if (line !== undefined) watcher.found(line);
      else if (over) watcher.ended(all);
      return line === undefined && !over;
    });
    taken = lines.length;
  };
  return {
    take(chunk: Buffer) {
      all += chunk.toString();
      if (all.split('\n').length - 1 > taken) check();
    },
    end() {
      over = true;
      check();
    },
    next(pattern: RegExp, at: () => void): Promise<string> {
      return new Promise((resolve, reject) => {
        const found = (line: string) => {
          at();
          resolve(line);
        };
        const ended = (seen: string) => reject(new Error(`wf ended without a line like ${String(pattern)}:\n${seen}`));
        watchers.push({ pattern, found, ended });
        check();
      });
    },
  };
}
