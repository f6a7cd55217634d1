import { readFileSync } from 'node:fs';
import { beforeAll, expect, type TestContext, test } from 'vitest';
import { readRecord } from '../../support/command/read-record.ts';
import { refusalSchema, runRecordSchema } from '../../support/command/run-record.ts';
import { openProject, type Project } from '../../support/command/run-wf.ts';
import { describeOwnNetwork } from '../../support/host/own-network.ts';
import { markedPids } from '../../support/host/private-host.ts';

const PATIENCE_MS = 240_000;
let project: Project;
const START = ['start', 'lab-network', '--runtime', 'embedded', '--json'];

/** The first process of the private host of a run, which has pid 1 in it. */
function firstProcess(id: string): number {
  const { createdAt } = readRecord(project, id);
  const first = markedPids(`${id}@${Date.parse(createdAt)}`).find((pid) =>
    /^NSpid:.*\s1$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')),
  );
  if (first === undefined) throw new Error(`run ${id} has no private host`);
  return first;
}

/** Stops the first process, and continues it at the end of the test at the latest. */
function stop(id: string, { onTestFinished }: TestContext): { readonly pid: number; resume(): void } {
  const pid = firstProcess(id);
  const resume = () => void process.kill(pid, 'SIGCONT');
  process.kill(pid, 'SIGSTOP');
  onTestFinished(() => {
    try {
      resume();
    } catch {
      // The process has ended.
    }
  });
  return { pid, resume };
}

describeOwnNetwork('a stopped private host (SIGSTOP)', () => {
  beforeAll(() => {
    project = openProject();
  });

  test.concurrent(
    'makes rollback and resume of a paused run exit with 3, and a hint how to continue the host',
    async (context) => {
      const started = await project.sharedWf([...START, '--id', 'rests', '--pause-after', 'setup']);
      expect(started.exitCode).toBe(0);
      const { pid, resume } = stop('rests', context);
      for (const verb of ['rollback', 'resume']) {
        const end = await project.sharedWf([verb, 'rests', '--json']);
        const { error } = refusalSchema.parse(end.json());
        expect([verb, end.exitCode, error.code]).toEqual([verb, 3, 'E_RUNTIME_UNAVAILABLE']);
        expect(error.hint).toContain(`kill -CONT ${pid}`);
      }
      resume();
      const undone = await project.sharedWf(['rollback', 'rests', '--json']);
      expect([undone.exitCode, runRecordSchema.parse(undone.json()).status]).toEqual([0, 'rolled-back']);
    },
    PATIENCE_MS,
  );

  test.concurrent(
    'leaves an active run in need of attention, and rollback undoes it once the host continues',
    async (context) => {
      const wf = project.start([...START, '--id', 'works']);
      await wf.haltAt(/^setup {2}createDevNetwork .* ok /);
      const { pid, resume } = stop('works', context);
      wf.kill('SIGCONT');
      const end = await wf.end;
      const record = runRecordSchema.parse(end.json());
      expect([end.exitCode, record.status, record.verification?.restored ?? false]).toEqual([
        5,
        'needs-attention',
        false,
      ]);
      expect(record.changes.some(({ status }) => status === 'stuck')).toBe(true);
      expect(record.error?.hint).toContain(`kill -CONT ${pid}`);
      resume();
      const undone = await project.sharedWf(['rollback', 'works', '--json']);
      expect([undone.exitCode, runRecordSchema.parse(undone.json()).status]).toEqual([0, 'rolled-back']);
    },
    PATIENCE_MS,
  );
});
