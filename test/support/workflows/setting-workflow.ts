import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { readRecord } from '../command/read-record.ts';
import type { RunRecord } from '../command/run-record.ts';
import { openProject, type Project, type RunningWf, type WfEnd } from '../command/run-wf.ts';

export const SETTING_WORKFLOW = readFileSync(new URL('../../fixtures/workflows/setting.ts', import.meta.url), 'utf8');

/** A project with the workflow `setting`, which creates two folders and keeps them if the run is confirmed. */
export interface SettingProject extends Project {
  /** Starts a run that has to be confirmed. */
  run(id: string, args: readonly string[], env?: Readonly<Record<string, string>>): RunningWf;
  /** Carries out a whole run, in the shared process. */
  carryOut(id: string, ...args: readonly string[]): Promise<WfEnd>;
  /** Confirms a run, in the shared process. */
  confirm(id: string, ...args: readonly string[]): Promise<WfEnd>;
  /** The folders that the steps created and removed, in order. */
  log(): readonly string[];
  record(id: string): Promise<RunRecord>;
}

export function openSettingProject(): SettingProject {
  const project = openProject({ 'workflows/setting.ts': SETTING_WORKFLOW });
  const { folder } = project;
  const start = (id: string, args: readonly string[]) => [
    ...['start', 'setting', '--id', id, '--input', `folder=${folder}`],
    ...args,
  ];
  return {
    ...project,
    run: (id, args, env = {}) => project.start(start(id, args), { env }),
    carryOut: (id, ...args) => project.sharedWf(start(id, args)),
    confirm: (id, ...args) => project.sharedWf(['confirm', id, ...args]),
    log() {
      const file = path.join(folder, 'log');
      return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    },
    record: async (id) => readRecord(project, id),
  };
}
