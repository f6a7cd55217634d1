import { expect, onTestFailed } from 'vitest';
import { expectNoStackTrace } from '../command/refusal.ts';
import { type RunRecord, runRecordSchema } from '../command/run-record.ts';
import { openProject, type Project, type WfOptions } from '../command/run-wf.ts';
import { hostState } from '../host/host-state.ts';
import { startLab } from './lab.ts';

/** A lab that is paused after a stage, so that a test can interfere with its changes in place. */
export interface PausedLab {
  readonly project: Project;
  /** Resumes it, and waits for the end. */
  resume(...more: readonly string[]): Promise<LabEnd>;
  /** Rolls it back, and waits for the end. */
  rollBack(...more: readonly string[]): Promise<LabEnd>;
}

/** How a lab ended, as a program sees it. */
export interface LabEnd {
  readonly exitCode: number | undefined;
  readonly record: RunRecord;
  readonly stderr: string;
}

interface LabOptions extends Pick<WfOptions, 'env' | 'through'> {
  readonly inputs?: Readonly<Record<string, string>>;
  readonly more?: readonly string[];
  readonly project?: Project;
}

/** Starts the lab as run `lab`, and waits until it has paused after this stage. */
export async function pausedAfter(stage: string, options: LabOptions = {}): Promise<PausedLab> {
  const { inputs = {}, more = [], project = openProject() } = options;
  rollBackIfTestFails(project, options);
  const wf = (args: readonly string[]) => project.sharedWf(args, options);
  const started = await wf(startLab(inputs, '--id', 'lab', '--pause-after', stage, ...more));
  expect(started.exitCode, `${started.stdout}${started.stderr}`).toBe(0);
  const end = async (...args: readonly string[]) => {
    const ended = await wf([...args, '--json']);
    expectNoStackTrace(ended);
    return { exitCode: ended.exitCode, record: runRecordSchema.parse(ended.json()), stderr: ended.stderr };
  };
  return {
    project,
    resume: (...args) => end('resume', 'lab', ...args),
    rollBack: (...args) => end('rollback', 'lab', ...args),
  };
}

/** Rolls the lab back after a failed test, so that the next test can run. */
export function rollBackIfTestFails(project: Project, options: WfOptions = {}): void {
  onTestFailed(async () => {
    await project.wf(['rollback', 'lab'], options);
  });
}

/** Expects that the lab failed with this error, undid all changes, and verified the host. */
export function expectFailedAndUndone(
  { exitCode, record }: LabEnd,
  { code, message }: { readonly code: string; readonly message: readonly (string | RegExp)[] },
): void {
  expect({ exitCode, status: record.status, code: record.error?.code }).toEqual({
    exitCode: 1,
    status: 'rolled-back',
    code,
  });
  for (const part of message) expect(record.error?.message).toMatch(part);
  expect(record.error?.hint).not.toBe('');
  expectAllUndone(record);
}

/** Expects that nothing of the run is left according to wf. hostState() returns the real state of the host. */
export function expectAllUndone(record: RunRecord): void {
  expect(record.verification).toMatchObject({ restored: true, residues: [] });
  expect(record.changes.filter(({ status }) => status !== 'reverted' && status !== 'gone')).toEqual([]);
}

/** Runs `work`, and expects that the host is unchanged after it. */
export async function leavingTheHostAsItWas(work: () => Promise<void>): Promise<void> {
  const before = await hostState();
  await work();
  expect(await hostState()).toEqual(before);
}
