import { expect, test } from 'vitest';
import { readRecord } from '../../support/command/read-record.ts';
import { refusalSchema, runRecordSchema, runSummariesSchema } from '../../support/command/run-record.ts';
import { openProject, type Project, type WfEnd } from '../../support/command/run-wf.ts';
import { describeDocker } from '../../support/engines/docker-tests.ts';
import { hostState } from '../../support/host/host-state.ts';
import { EVERY_CASE } from '../../support/rotation.ts';
import { startLab } from '../../support/workflows/lab.ts';

describeDocker('two concurrent labs with the same names', () => {
  test('do not both run in one database: the second is refused and touches nothing', async () => {
    const before = await hostState();
    const project = openProject();
    const ends = await Promise.all([start(project, 'one'), start(project, 'two')]);
    const { winner, loser } = sorted(ends);
    expect(loser.exitCode).toBe(4);
    const { error } = refusalSchema.parse(loser.json());
    expect(error.code).toBe('E_NAME_IN_USE');
    const { id } = runRecordSchema.parse(winner.json());
    expect(error.message).toContain(id);
    expect(runSummariesSchema.parse((await project.sharedWf(['runs', '--json'])).json())).toHaveLength(1);
    await expectUndone(project, id);
    expect(await hostState()).toEqual(before);
  });

  test('do not both run in two databases if they start together: exactly one is refused with exit code 4', async () => {
    const before = await hostState();
    for (let round = 0; round < (EVERY_CASE ? 3 : 1); round += 1) {
      const projects = { one: openProject(), two: openProject() };
      const ends = await Promise.all([start(projects.one, 'one'), start(projects.two, 'two')]);
      const { winner, loser } = sorted(ends);
      expect(loser.exitCode, loser.stderr).toBe(4);
      expect(refusalSchema.parse(loser.json()).error.code).toBe('E_NAME_IN_USE');
      const { id } = runRecordSchema.parse(winner.json());
      await expectUndone(projects[id === 'one' ? 'one' : 'two'], id);
      expect(await hostState()).toEqual(before);
    }
  });
});

/** Starts a lab that pauses once all objects with the names are in place. */
function start(project: Project, id: string): Promise<WfEnd> {
  return project.wf(startLab({}, '--json', '--id', id, '--pause-after', 'setup'));
}

function sorted(ends: readonly WfEnd[]) {
  const [winner, ...others] = ends.filter(({ exitCode }) => exitCode === 0);
  const [loser] = ends.filter(({ exitCode }) => exitCode !== 0);
  const output = ends.map(({ exitCode, stderr }) => `exit ${exitCode}:\n${stderr}`).join('\n');
  if (winner === undefined || loser === undefined || others.length > 0)
    throw new Error(`not exactly one succeeded:\n${output}`);
  return { winner, loser };
}

/** Expects that all changes of the paused lab are still its own, and undoes them. */
async function expectUndone(project: Project, id: string): Promise<void> {
  const { changes } = readRecord(project, id);
  expect(changes.length).toBeGreaterThan(3);
  expect(changes.filter(({ status }) => status !== 'applied' && status !== 'reverted')).toEqual([]);
  const end = await project.sharedWf(['rollback', id, '--json']);
  expect(end).toMatchObject({ exitCode: 0 });
  const record = runRecordSchema.parse(end.json());
  expect(record).toMatchObject({ status: 'rolled-back', verification: { restored: true, residues: [] } });
  expect(record.changes.filter(({ status }) => status !== 'reverted')).toEqual([]);
}
