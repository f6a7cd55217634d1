import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll } from 'vitest';

/** The built command. */
export const WF = fileURLToPath(new URL('../../dist/wf.js', import.meta.url));

/** What a finished command left behind. */
export interface WfEnd {
  readonly exitCode: number | undefined;
  /** Set where a signal killed the process. */
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** All of stdout as one JSON document. Throws where it is none, or where there is more. */
  json(): unknown;
}

/** A command that runs. */
export interface RunningWf {
  /** Its process. */
  readonly pid: number;
  /** Resolves with the first line on stderr that matches; rejects where the command ends without one. */
  line(pattern: RegExp): Promise<string>;
  /** The same, and the process stands still (SIGSTOP) from that moment on, before it has done anything more. */
  haltAt(pattern: RegExp): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  readonly end: Promise<WfEnd>;
}

export interface WfOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** The folder that wf is called in, instead of the project's. */
  readonly cwd?: string;
  /** What wf is called through, e.g. `['setpriv', '--reuid', '65534']`. */
  readonly through?: readonly string[];
}

/** A folder as a user has it, outside of this repository, with a database of its own. */
export interface Project {
  readonly folder: string;
  readonly database: string;
  /** Writes a file of the project, and answers its path. */
  write(name: string, text: string): string;
  /** Calls wf, and waits for its end. */
  wf(args: readonly string[], options?: WfOptions): Promise<WfEnd>;
  /** Calls wf. */
  start(args: readonly string[], options?: WfOptions): RunningWf;
}

const root = mkdtempSync(path.join(tmpdir(), 'wf-project-'));
const running = new Set<RunningWf>();
// Registered for the file that imports this module. What a failed test left standing still goes on to its end, so that it
// takes back what it made.
afterAll(async () => {
  for (const wf of running) wf.kill('SIGCONT');
  await Promise.all([...running].map((wf) => wf.end));
  rmSync(root, { recursive: true, force: true });
});

/** A new project, with these files in it (`workflows/x.ts`), taken away after the last test of the file. */
export function openProject(files: Readonly<Record<string, string>> = {}): Project {
  const folder = mkdtempSync(path.join(root, 'p-'));
  mkdirSync(path.join(folder, 'workflows'));
  const database = path.join(folder, 'wf.db');
  const write = (name: string, text: string) => {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  for (const [name, text] of Object.entries(files)) write(name, text);
  const start = (args: readonly string[], options: WfOptions = {}) =>
    startWf(args, { cwd: folder, ...options, env: { ...environment(database), ...options.env } });
  return { folder, database, write, start, wf: (args, options) => start(args, options).end };
}

/** Little of the tests' own environment: nothing of the person's who runs them reaches wf. */
function environment(database: string): Record<string, string> {
  const { PATH = '', DOCKER_HOST } = process.env;
  const home = path.join(root, 'home');
  // One cache for all projects of the file: a workflow file is translated once.
  return { PATH, HOME: home, WF_DB: database, ...(DOCKER_HOST === undefined ? {} : { DOCKER_HOST }) };
}

function startWf(args: readonly string[], { env = {}, cwd, through = [] }: WfOptions): RunningWf {
  const [file, ...rest] = [...through, process.execPath, WF, ...args];
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
  const lines = lineWatch();
  child.stderr.on('data', lines.take);
  const end = child.then(({ exitCode, signal, stdout, stderr }): WfEnd => {
    lines.end();
    running.delete(wf);
    return { exitCode, signal, stdout, stderr, json: () => JSON.parse(stdout) };
  });
  const wf: RunningWf = {
    pid,
    kill,
    end,
    line: (pattern) => lines.next(pattern, () => {}),
    haltAt: (pattern) => lines.next(pattern, () => kill('SIGSTOP')),
  };
  running.add(wf);
  return wf;
}

interface Watcher {
  readonly pattern: RegExp;
  found(line: string): void;
  ended(seen: string): void;
}

/** Finds lines in what comes in pieces. What is to be done with a line is done at once, in the event that brought it. */
function lineWatch() {
  let all = '';
  let taken = 0;
  let over = false;
  let watchers: Watcher[] = [];
  const look = () => {
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
      if (all.split('\n').length - 1 > taken) look();
    },
    end() {
      over = true;
      look();
    },
    next(pattern: RegExp, at: () => void): Promise<string> {
      return new Promise((resolve, reject) => {
        const found = (line: string) => {
          at();
          resolve(line);
        };
        const ended = (seen: string) => reject(new Error(`wf ended without a line like ${String(pattern)}:\n${seen}`));
        watchers.push({ pattern, found, ended });
        look();
      });
    },
  };
}
