import { expect, test } from 'vitest';
import { describeDocker } from '../support/docker-tests.ts';
import { hostState } from '../support/host-state.ts';
import { startLab } from '../support/lab.ts';
import { refusalSchema, runRecordSchema, runSummariesSchema } from '../support/run-record.ts';
import { openProject, type Project, type WfEnd } from '../support/run-wf.ts';

describeDocker('two labs with the same names at the same moment', () => {
  test('in one database: one is carried out, the other is refused and touches nothing', async () => {
    const before = await hostState();
    const project = openProject();
    const ends = await Promise.all([start(project, 'one'), start(project, 'two')]);
    const { winner, loser } = sorted(ends);
    expectWhole(winner);
    expect(loser.exitCode).toBe(4);
    const { error } = refusalSchema.parse(loser.json());
    expect(error.code).toBe('E_NAME_IN_USE');
    expect(error.message).toContain(runRecordSchema.parse(winner.json()).id);
    expect(runSummariesSchema.parse((await project.wf(['runs', '--json'])).json())).toHaveLength(1);
    expect(await hostState()).toEqual(before);
  });

  test('in two databases, which know nothing of each other: one is carried out, the other leaves it alone', async () => {
    const before = await hostState();
    const ends = await Promise.all([start(openProject(), 'one'), start(openProject(), 'two')]);
    const { winner, loser } = sorted(ends);
    expectWhole(winner);
    // Where Docker took one object from each before either was seen, what the loser had made is undone.
    expect([1, 4]).toContain(loser.exitCode);
    expect(loser.stdout).toContain('"E_NAME_IN_USE"');
    expect(await hostState()).toEqual(before);
  });
});

function start(project: Project, id: string): Promise<WfEnd> {
  return project.wf(startLab({}, '--json', '--id', id));
}

function sorted(ends: readonly WfEnd[]) {
  const [winner, ...others] = ends.filter(({ exitCode }) => exitCode === 0);
  const [loser] = ends.filter(({ exitCode }) => exitCode !== 0);
  const told = ends.map(({ exitCode, stderr }) => `exit ${exitCode}:\n${stderr}`).join('\n');
  if (winner === undefined || loser === undefined || others.length > 0)
    throw new Error(`not exactly one succeeded:\n${told}`);
  return { winner, loser };
}

function expectWhole(end: WfEnd): void {
  const record = runRecordSchema.parse(end.json());
  expect(record).toMatchObject({ status: 'succeeded', verification: { restored: true, residues: [] } });
  expect(record.steps.filter(({ status, attempts }) => status !== 'succeeded' || attempts > 1)).toEqual([]);
}
