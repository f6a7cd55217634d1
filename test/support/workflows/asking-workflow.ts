import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readRecord } from '../command/read-record.ts';
import type { RunRecord } from '../command/run-record.ts';
import { openProject, type Project } from '../command/run-wf.ts';

/** A workflow that writes a line, asks whether to continue, and writes two more; each once the test lets it. */
export const ASKING_WORKFLOW = readFileSync(new URL('../../fixtures/workflows/asking.ts', import.meta.url), 'utf8');

/** A project with the workflow `asking`. */
export interface AskingProject extends Project {
  /** Starts a run, whose steps wait for `go`. */
  run(id: string, env?: Readonly<Record<string, string>>): ReturnType<Project['start']>;
  /** Releases a step of all runs. */
  go(...steps: readonly string[]): void;
  /** The lines that the steps have written, and those of their undo. */
  log(): readonly string[];
  record(id: string): Promise<RunRecord>;
}

export function openAskingProject(files: Readonly<Record<string, string>> = {}): AskingProject {
  const project = openProject({ 'workflows/asking.ts': ASKING_WORKFLOW, ...files });
  const { folder } = project;
  return {
    ...project,
    run: (id, env = {}) => project.start(['start', 'asking', '--id', id, '--input', `folder=${folder}`], { env }),
    go: (...steps) => {
      for (const step of steps) writeFileSync(path.join(folder, `${step}.go`), '');
    },
    log() {
      const file = path.join(folder, 'log');
      return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    },
    record: async (id) => readRecord(project, id),
  };
}
