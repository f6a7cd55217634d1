import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PinnedConnection } from '../../../src/sqlite/pinned-connection.ts';
import { expectNoStackTrace } from '../../support/command/refusal.ts';
import { refusalSchema, runRecordSchema } from '../../support/command/run-record.ts';
import { openProject, type WfEnd } from '../../support/command/run-wf.ts';
import { describeDocker } from '../../support/engines/docker-tests.ts';
import { PROBE_IMAGE } from '../../support/engines/images.ts';
import { hostState } from '../../support/host/host-state.ts';
import { expectAllUndone, leavingTheHostAsItWas, rollBackIfTestFails } from '../../support/workflows/paused-lab.ts';

const CONTAINERS = readFileSync(new URL('../../fixtures/kit/containers.ts', import.meta.url), 'utf8');

/** Damage to a database file that no wf has open, by the exit code and error that wf reports. */
const TROUBLE: Readonly<Record<string, (database: string) => void>> = {
  '3 E_DATABASE_NEWER (of a newer wf)': (database) => {
    const raw = new PinnedConnection(database);
    raw.pragma(`user_version = ${Number(raw.pragma('user_version', { simple: true })) + 1}`);
    raw.close();
  },
  '3 E_DATABASE_DAMAGED (truncated)': (database) => truncateSync(database, 8192),
  '3 E_DATABASE_DAMAGED (overwritten)': (database) => {
    const content = readFileSync(database);
    writeFileSync(database, content.fill(0x2a, 4096, content.length - 4096));
  },
  '3 E_DATABASE_DAMAGED (replaced by something else)': (database) => writeFileSync(database, 'A letter.\n'.repeat(999)),
  '3 E_DATABASE (replaced by a folder)': (database) => {
    rmSync(database);
    mkdirSync(database);
  },
  '2 E_RUN_NOT_FOUND (deleted)': (database) => rmSync(database),
};

describeDocker('a database failure', () => {
  test('makes resume and rollback of a paused run touch nothing, and stops a run at once if the file is moved away, until it is back', () =>
    leavingTheHostAsItWas(async () => {
      const project = openProject({ 'workflows/containers.ts': CONTAINERS });
      rollBackIfTestFails(project);
      const start = ['start', 'containers', '--runtime', 'docker', '--id', 'lab', '--input', `image=${PROBE_IMAGE}`];
      expect(await project.sharedWf([...start, '--pause-after', 'network'])).toMatchObject({ exitCode: 0 });
      const paused = await hostState();
      const { database } = project;
      copyFileSync(database, `${database}.good`);
      for (const [expected, make] of Object.entries(TROUBLE)) {
        make(database);
        for (const verb of ['resume', 'rollback']) {
          expect(expected, verb).toContain(refusalOf(await project.sharedWf([verb, 'lab', '--json'])));
        }
        expect(await hostState(), expected).toEqual(paused);
        for (const end of ['', '-wal', '-shm']) rmSync(`${database}${end}`, { recursive: true, force: true });
        copyFileSync(`${database}.good`, database);
      }

      const run = project.start(['resume', 'lab', '--json']);
      await run.haltAt(/^container {2}container .* ok /);
      const halted = await hostState();
      renameSync(database, `${database}.away`);
      run.kill('SIGCONT');
      expect(refusalOf(await run.end)).toBe('5 E_DATABASE');
      expect(await hostState()).toEqual(halted);
      renameSync(`${database}.away`, database);
      const rolledBack = await project.sharedWf(['rollback', 'lab', '--json']);
      expect(rolledBack.exitCode).toBe(0);
      expectAllUndone(runRecordSchema.parse(rolledBack.json()));
    }));
});

/** Returns `EXIT-CODE ERROR-CODE` of a refused command, and checks the form of the refusal. */
function refusalOf(end: WfEnd): string {
  expectNoStackTrace(end);
  const { error } = refusalSchema.parse(end.json());
  expect(error.message).toMatch(/wf.db|lab/);
  expect(error.hint).not.toBe('');
  return `${end.exitCode} ${error.code}`;
}
