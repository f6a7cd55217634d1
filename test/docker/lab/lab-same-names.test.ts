import { expect, test } from 'vitest';
import { describeDocker } from '../../support/docker-tests.ts';
import { hostState } from '../../support/host-state.ts';
import { SPLICED, startLab } from '../../support/lab.ts';
import { refusalSchema, runRecordSchema, runSummariesSchema } from '../../support/run-record.ts';
import { openProject, type Project, type WfEnd } from '../../support/run-wf.ts';

describeDocker('two concurrent labs with the same names', () => {
  test('do not both run in one database: the second is refused and touches nothing', async () => {
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

  test('do not both run in two databases: the second is refused while the first is under way', async () => {
    const before = await hostState();
    const first = openProject().start(startLab({}, '--json', '--id', 'one'));
    for (const line of [/^setup {2}createProdNetwork .* ok /, SPLICED]) {
      await first.haltAt(line);
      const second = await start(openProject(), 'two');
      first.kill('SIGCONT');
      expect(second.exitCode, second.stderr).toBe(4);
      expect(refusalSchema.parse(second.json()).error).toMatchObject({
        code: 'E_NAME_IN_USE',
        message: expect.stringContaining('made by run one'),
      });
    }
    expectWhole(await first.end);
    expect(await hostState()).toEqual(before);
  });

  test('do not both run in two databases if they start together: exactly one is refused with exit code 4', async () => {
    const before = await hostState();
    for (let round = 0; round < 3; round += 1) {
      const [one, two] = [openProject(), openProject()];
      const ends = await Promise.all([start(one, 'one'), start(two, 'two')]);
      const { winner, loser } = sorted(ends);
      expectWhole(winner);
      expect(loser.exitCode, loser.stderr).toBe(4);
      expect(refusalSchema.parse(loser.json()).error.code).toBe('E_NAME_IN_USE');
      expect(await hostState()).toEqual(before);
    }
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
  expect(record.steps.filter(({ status }) => status !== 'succeeded')).toEqual([]);
}
