import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { atEndOfFile, folderOfFile } from '../host/file-folder.ts';
import { ORDINARY_USER_ID } from './ordinary-user.ts';
import { sharedCache } from './shared-cache.ts';
import { runSharedWf } from './shared-wf.ts';
import { type RunningWf, startWf, type WfEnd, type WfOptions } from './wf-process.ts';

export { type RunningWf, WF, type WfEnd, type WfOptions } from './wf-process.ts';

/** The folder of a user, outside this repository, with its own database. */
export interface Project {
  readonly folder: string;
  readonly database: string;
  /** The environment of its commands. */
  readonly environment: Readonly<Record<string, string>>;
  /** Writes a file of the project, and returns its path. */
  write(name: string, text: string): string;
  /** Calls wf, and waits for its end. */
  wf(args: readonly string[], options?: WfOptions): Promise<WfEnd>;
  /** Carries out a command of wf in a process that all commands of the test file share (see shared-wf.ts). */
  sharedWf(args: readonly string[], options?: Pick<WfOptions, 'env' | 'cwd' | 'through'>): Promise<WfEnd>;
  /** Calls wf. */
  start(args: readonly string[], options?: WfOptions): RunningWf;
  /** Calls a command that does not end by itself; it is killed after the last test of the file. */
  serve(args: readonly string[], options?: WfOptions): RunningWf;
}

const running = new Set<RunningWf>();
/** Commands that do not end by themselves. */
const services = new Set<RunningWf>();
/** How long a wf that a failed test left may take to its end. */
const LEFT_MS = 20_000;
// A wf that a failed test left stopped continues to its end, so that it undoes its changes. One that waits for a person has none.
atEndOfFile(async () => {
  for (const wf of services) wf.kill('SIGKILL');
  services.clear();
  for (const wf of running) wf.kill('SIGCONT');
  const ends = () => Promise.all([...running].map((wf) => wf.end));
  const timer = new AbortController();
  const late = setTimeout(LEFT_MS, undefined, { signal: timer.signal, ref: false }).then(
    () => [...running].map((wf) => `wf ${wf.args.join(' ')}`),
    () => [],
  );
  const left = await Promise.race([ends().then(() => []), late]);
  timer.abort();
  if (left.length === 0) return;
  for (const wf of running) wf.kill('SIGKILL');
  await ends();
  throw new Error(`Still running after the last test of the file: ${left.join('; ')}`);
});

/** A new project, with these files in it (`workflows/x.ts`), removed after the last test of the file. */
export function openProject(files: Readonly<Record<string, string>> = {}): Project {
  const folder = mkdtempSync(path.join(folderOfFile(), 'p-'));
  mkdirSync(path.join(folder, 'workflows'));
  writeFileSync(path.join(folder, '.wf'), '');
  const database = path.join(folder, 'wf.db');
  const write = (name: string, text: string) => {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  for (const [name, text] of Object.entries(files)) write(name, text);
  const start = (args: readonly string[], options: WfOptions = {}) => {
    const wf = startWf(args, {
      cwd: folder,
      ...options,
      env: { ...environment(database), ...cacheOf(options), ...options.env },
    });
    running.add(wf);
    void wf.end.finally(() => running.delete(wf));
    return wf;
  };
  const serve = (args: readonly string[], options?: WfOptions) => {
    const wf = start(args, options);
    services.add(wf);
    return wf;
  };
  return {
    folder,
    database,
    environment: environment(database),
    write,
    start,
    serve,
    sharedWf: (argv, { env, cwd = folder, through } = {}) =>
      runSharedWf({ argv, cwd, env: { ...environment(database), ...env }, through }),
    wf: (args, options) => start(args, options).end,
  };
}

/** Returns a text without the `--db` that the commands suggested in it carry: WF_DB chooses a project's database. */
export function withoutDatabase({ database }: Pick<Project, 'database'>, text: string): string {
  return text.replaceAll(` --db ${database}`, '');
}

/** The ordinary user may not use a cache of root, and would translate the workflow and compile wf at each start. */
function cacheOf({ through = [] }: WfOptions): Readonly<Record<string, string>> {
  return through.includes(`${ORDINARY_USER_ID}`) ? sharedCache('ordinary user') : {};
}

/** A minimal environment: no setting of the user who runs the tests reaches wf. */
function environment(database: string): Record<string, string> {
  const { PATH = '', DOCKER_HOST } = process.env;
  const home = path.join(folderOfFile(), 'home');
  const docker = DOCKER_HOST === undefined ? {} : { DOCKER_HOST };
  return { PATH, HOME: home, ...sharedCache(), WF_DB: database, ...docker };
}
