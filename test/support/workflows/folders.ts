import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openProject, type Project, type RunningWf, type WfEnd } from '../command/run-wf.ts';
import { untilRunning } from '../host/processes.ts';

export const FOLDERS_WORKFLOW = readFileSync(new URL('../../fixtures/workflows/folders.ts', import.meta.url), 'utf8');

/** A run of the workflow `folders`, seen without wf. Its id is unique on this host. */
export interface FoldersRun {
  readonly id: string;
  /** Starts it; its second folder waits for `go`. */
  start(...more: readonly string[]): RunningWf;
  /** Carries it out in the shared process, which does not wait: call `go` first. */
  carryOut(...more: readonly string[]): Promise<WfEnd>;
  /** Lets the run create the second folder. */
  go(): void;
  /** Inputs by which undoing the second folder waits for `goBack`. */
  readonly undoWaits: readonly string[];
  /** Lets the run remove the second folder. */
  goBack(): void;
  /** The folders that the steps created and removed, in order. */
  log(): readonly string[];
  /** The folders that exist. */
  folders(): readonly string[];
}

/** A project with the workflow `folders` in it, which needs neither Docker nor root. */
export function openFoldersProject(): Project {
  return openProject({ 'workflows/folders.ts': FOLDERS_WORKFLOW });
}

/** @param env more variables of the process that starts it */
export function foldersRun(project: Project, env: Readonly<Record<string, string>> = {}): FoldersRun {
  const root = mkdtempSync(path.join(project.folder, 'folders-'));
  const id = path.basename(root);
  const inRoot = (name: string) => path.join(root, name);
  const inputs = ['--input', `root=${root}`, '--input', `waitFor=${inRoot('go')}`];
  const start = (more: readonly string[]) => ['start', 'folders', '--id', id, ...inputs, ...more];
  return {
    id,
    start: (...more) => project.start(start(more), { env }),
    carryOut: (...more) => project.sharedWf(start(more), { env }),
    go: () => writeFileSync(inRoot('go'), ''),
    undoWaits: ['--input', `undoWaitsFor=${inRoot('go-back')}`],
    goBack: () => writeFileSync(inRoot('go-back'), ''),
    log: () => (existsSync(inRoot('log')) ? readFileSync(inRoot('log'), 'utf8').trimEnd().split('\n') : []),
    folders: () =>
      readdirSync(root, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name)
        .toSorted(),
  };
}

/** Starts a run and kills it while the command that makes its second folder waits. */
export async function killInSecond(run: FoldersRun, ...more: readonly string[]): Promise<void> {
  const wf = run.start(...more);
  await wf.line(/^first {2}makeOne .* ok /);
  await untilRunning(new RegExp(`/${run.id} two `));
  wf.kill('SIGKILL');
  await wf.end;
}
