import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readRecord } from '../command/read-record.ts';
import type { RunRecord } from '../command/run-record.ts';
import { openProject, type Project, type RunningWf, type WfEnd } from '../command/run-wf.ts';
import { ASKING_WORKFLOW } from './asking-workflow.ts';
import { SETTING_WORKFLOW } from './setting-workflow.ts';

/** Makes a file; fails unless `ready` exists; its first undo fails until `undoable` exists. */
const TOUCHY_WORKFLOW = `
  import { defineWorkflow } from 'wf-engine';
  import { execCommand } from 'wf-engine/steps';
  import { setup } from 'xstate';
  import { z } from 'zod';
  const sh = (script, undo) => ({ context }) => ({ argv: ['sh', '-ec', script, context.folder], undo: ['sh', '-ec', undo, context.folder] });
  export default defineWorkflow({
    name: 'touchy', version: '1', description: 'Fails until a file named ready exists.', input: z.object({ folder: z.string() }),
    machine: setup({ types: { context: {}, input: {} }, actors: { run: execCommand.with({ alters: [] }) } }).createMachine({
      context: ({ input }) => input, initial: 'make',
      states: {
        make: { invoke: { id: 'make', src: 'run', input: sh('echo made >> "$0/log"', 'test -e "$0/undoable"; echo undone >> "$0/log"'), onDone: 'check' } },
        check: { invoke: { id: 'check', src: 'run', input: sh('test -e "$0/ready"; echo checked >> "$0/log"', 'true'), onDone: 'done' } },
        done: { type: 'final' },
      },
    }),
    keepsChanges: true,
  });`;

/** Returns an id that is locked by no other process that runs the same tests. */
export function ownId(name: string): string {
  return `${name}-${process.pid}`;
}

/** A run whose steps work in a folder of their own. */
export interface ActedRun {
  readonly id: string;
  /** Makes files that its steps wait for. */
  go(...files: readonly string[]): void;
  log(): readonly string[];
  record(): Promise<RunRecord>;
  start(...more: readonly string[]): RunningWf;
  /** Carries it out in the shared process, which does not wait for anybody. */
  carryOut(...more: readonly string[]): Promise<WfEnd>;
}

export interface ActionsProject extends Project {
  /** @param name the beginning of its id, which no other test has */
  run(workflow: 'asking' | 'setting' | 'touchy', name: string): ActedRun;
}

/** A project with workflows that ask, need to be confirmed, and fail. */
export function openActionsProject(files: Readonly<Record<string, string>> = {}): ActionsProject {
  const project = openProject({
    'workflows/asking.ts': ASKING_WORKFLOW,
    'workflows/setting.ts': SETTING_WORKFLOW,
    'workflows/touchy.ts': TOUCHY_WORKFLOW,
    ...files,
  });
  return {
    ...project,
    run(workflow, name) {
      const id = ownId(name);
      const folder = path.join(project.folder, `of-${id}`);
      mkdirSync(folder);
      const log = path.join(folder, 'log');
      const start = (more: readonly string[]) => [
        ...['start', workflow, '--id', id, '--input', `folder=${folder}`],
        ...more,
      ];
      return {
        id,
        go: (...names) => {
          for (const name of names) writeFileSync(path.join(folder, name), '');
        },
        log: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []),
        record: async () => readRecord(project, id),
        start: (...more) => project.start(start(more)),
        carryOut: (...more) => project.sharedWf(start(more)),
      };
    },
  };
}
