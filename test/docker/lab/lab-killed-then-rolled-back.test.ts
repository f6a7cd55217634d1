import { expect, test } from 'vitest';
import { readRecord } from '../../support/command/read-record.ts';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { openProject } from '../../support/command/run-wf.ts';
import { describeDocker } from '../../support/engines/docker-tests.ts';
import { hostState, tool } from '../../support/host/host-state.ts';
import { inTurn } from '../../support/rotation.ts';
import { startLab } from '../../support/workflows/lab.ts';

describeDocker('a rollback of the lab', () => {
  // One step of each stage that changes the host, by the line that reports its end.
  const kills = [
    ['while networks are created', /^setup {2}create(Dev|Prod)Network .* ok /],
    ['while containers are created', /^setup {2}create(AppDev|AppProd) .* ok /],
    ['after the pair was created', /^vethSplice {2}createVethPair .* ok /],
    ['after the link was moved', /^vethSplice {2}moveContainerLink .* ok /],
    ['while the splice is in place', /^vethSplice {2}addDefaultRoute .* ok /],
    ['during teardown', /^teardown {2}remove(AppDev|AppProd) .* ok /],
  ] as const;
  test.for(inTurn(kills, kills.length))('restores the host after a kill %s', async ([, line]) => {
    const before = await hostState();
    const project = openProject();
    const lab = project.start(startLab({}, '--id', 'killed'));
    await lab.line(line);
    lab.kill('SIGKILL');
    await lab.end;

    const found = readRecord(project, 'killed');
    expect(found.status).toBe('interrupted');
    expect(found.changes.length).toBeGreaterThan(0);
    const rolledBack = await project.sharedWf(['rollback', 'killed', '--json']);
    expect(rolledBack).toMatchObject({ exitCode: 0 });
    expect(runRecordSchema.parse(rolledBack.json())).toMatchObject({
      status: 'rolled-back',
      verification: { restored: true, residues: [] },
    });
    expect(await hostState()).toEqual(before);
  });

  test('succeeds if a container of the killed lab was removed by hand', async () => {
    const before = await hostState();
    const project = openProject();
    const lab = project.start(startLab({}, '--id', 'helped'));
    await lab.line(/^vethSplice {2}addSpliceAddress .* ok /);
    lab.kill('SIGKILL');
    await lab.end;
    // The run still claims its names: no other run may take them.
    expect((await project.sharedWf(startLab())).exitCode).toBe(4);
    await tool('docker', 'rm', '--force', 'AppProd');
    const rolledBack = await project.sharedWf(['rollback', 'helped', '--json']);
    expect(rolledBack).toMatchObject({ exitCode: 0 });
    const { changes } = runRecordSchema.parse(rolledBack.json());
    expect(new Set(changes.map(({ status }) => status))).toEqual(new Set(['gone', 'reverted']));
    expect(await hostState()).toEqual(before);

    const again = await project.sharedWf(['rollback', 'helped']);
    expect(again).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('nothing to undo') });
  });
});
