import { expect, test } from 'vitest';
import { describeDocker } from '../support/docker-tests.ts';
import { hostState, tool } from '../support/host-state.ts';
import { startLab } from '../support/lab.ts';
import { runRecordSchema } from '../support/run-record.ts';
import { openProject } from '../support/run-wf.ts';

describeDocker('a lab that is killed', () => {
  // One step of each stage that changes the host, by the line that tells that it is done.
  test.for([
    ['while networks are made', /^setup {2}create(Dev|Prod)Network .* ok /],
    ['while containers are made', /^setup {2}create(AppDev|AppProd) .* ok /],
    ['when the pair is made', /^vethSplice {2}createVethPair .* ok /],
    ['when the link was moved', /^vethSplice {2}moveContainerLink .* ok /],
    ['when the splice stands', /^vethSplice {2}addDefaultRoute .* ok /],
    ['in the middle of its teardown', /^teardown {2}remove(AppDev|AppProd) .* ok /],
  ] as const)('%s is rolled back, and the host is as before', async ([, line]) => {
    const before = await hostState();
    const project = openProject();
    const lab = project.start(startLab({}, '--id', 'killed'));
    await lab.line(line);
    lab.kill('SIGKILL');
    await lab.end;

    const found = runRecordSchema.parse((await project.wf(['show', 'killed', '--json'])).json());
    expect(found.status).toBe('interrupted');
    expect(found.changes.length).toBeGreaterThan(0);
    // Its names are still its own: nobody else may take them.
    expect((await project.wf(startLab({}))).exitCode).toBe(4);

    const rolledBack = await project.wf(['rollback', 'killed', '--json']);
    expect(rolledBack).toMatchObject({ exitCode: 0 });
    expect(runRecordSchema.parse(rolledBack.json())).toMatchObject({
      status: 'rolled-back',
      verification: { restored: true, residues: [] },
    });
    expect(await hostState()).toEqual(before);

    const again = await project.wf(['rollback', 'killed']);
    expect(again).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('nothing to undo') });
  });

  test('is not rolled back while it lives, and goes on unharmed', async () => {
    const before = await hostState();
    const project = openProject();
    const lab = project.start(startLab({}, '--id', 'alive'));
    await lab.line(/^setup {2}createAppDev .* ok /);
    const refused = await project.wf(['rollback', 'alive', '--json']);
    expect(refused).toMatchObject({ exitCode: 4 });
    expect(refused.json()).toMatchObject({ error: { code: 'E_LEASE_HELD' } });
    expect(await lab.end).toMatchObject({ exitCode: 0 });
    expect(await hostState()).toEqual(before);
  });

  test('and whose containers somebody has removed meanwhile is rolled back all the same', async () => {
    const before = await hostState();
    const project = openProject();
    const lab = project.start(startLab({}, '--id', 'helped'));
    await lab.line(/^vethSplice {2}addSpliceAddress .* ok /);
    lab.kill('SIGKILL');
    await lab.end;
    await tool('docker', 'rm', '--force', 'AppProd');
    const rolledBack = await project.wf(['rollback', 'helped', '--json']);
    expect(rolledBack).toMatchObject({ exitCode: 0 });
    const { changes } = runRecordSchema.parse(rolledBack.json());
    expect(new Set(changes.map(({ status }) => status))).toEqual(new Set(['gone', 'reverted']));
    expect(await hostState()).toEqual(before);
  });
});
