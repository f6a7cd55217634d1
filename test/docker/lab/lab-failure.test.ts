import { expect, test } from 'vitest';
import { expectNoStackTrace } from '../../support/command/refusal.ts';
import { type RunRecord, runRecordSchema, standingChangesSchema } from '../../support/command/run-record.ts';
import { openProject } from '../../support/command/run-wf.ts';
import { describeDocker, docker, dockerKnows } from '../../support/engines/docker-tests.ts';
import { PROBE_IMAGE } from '../../support/engines/images.ts';
import { hostState, linksOf, tool } from '../../support/host/host-state.ts';
import { testsInTurn } from '../../support/tests-in-turn.ts';
import { SPLICED, startLab } from '../../support/workflows/lab.ts';
import { pausedAfter } from '../../support/workflows/paused-lab.ts';

describeDocker('a failing lab', () => {
  const everyThird = testsInTurn(3);
  const containerIsRemoved = async () => {
    const before = await hostState();
    const lab = openProject().start(startLab({}, '--json'));
    await lab.haltAt(SPLICED);
    await docker('rm', '--force', 'AppDev');
    lab.kill('SIGCONT');
    const end = await lab.end;
    expect(end.exitCode, end.stdout).toBe(1);
    const record = runRecordSchema.parse(end.json());
    expectRolledBack(record);
    expect(record.stages.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'setup succeeded',
      'isolationTest succeeded',
      'vethSplice succeeded',
      'connectivityTest failed',
      'teardown skipped',
      'verification skipped',
    ]);
    const status = (step: string) => record.changes.find((change) => change.step === step)?.status;
    expect(status('createAppDev')).toBe('gone');
    expect(status('createAppProd')).toBe('reverted');
    expect(status('addDefaultRoute')).toBe('reverted');
    expect(end.stderr).toMatch(/^rolling back$/m);
    expectNoStackTrace(end);
    expect(await hostState()).toEqual(before);
  };

  const pairIsRemoved = async () => {
    const before = await hostState();
    const lab = openProject().start(startLab({}, '--json'));
    await lab.haltAt(/^vethSplice {2}createVethPair .* ok /);
    await tool('ip', 'link', 'delete', 'int_hote');
    lab.kill('SIGCONT');
    const end = await lab.end;
    expect(end.exitCode, end.stdout).toBe(1);
    expectRolledBack(runRecordSchema.parse(end.json()));
    expect(await hostState()).toEqual(before);
  };

  everyThird('is undone if a container is removed during the run, and the host is restored', containerIsRemoved);
  everyThird('is undone if the pair is removed during the splice, and the host is restored', pairIsRemoved);

  test.for([
    ['the image does not accept -text', PROBE_IMAGE, 'E_DOCKER', 1],
    // Nothing had to be undone: exit code 3.
    ['no registry has the image', 'wf-test/no-such-image', 'E_IMAGE_UNAVAILABLE', 3],
  ] as const)('leaves the host unchanged if %s', async ([, image, code, exitCode]) => {
    const before = await hostState();
    const project = openProject();
    const end = await project.sharedWf(startLab({ image }));
    expect({ exitCode: end.exitCode, stdout: end.stdout }).toEqual({
      exitCode,
      stdout: expect.stringContaining(`error ${code}: `),
    });
    expect(end.stdout).toMatch(/^ {2}next: ./m);
    expectNoStackTrace(end);
    expect(await hostState()).toEqual(before);
  });

  everyThird('keeps its changes in place with --on-failure keep, and the printed commands remove them', async () => {
    const before = await hostState();
    const { project, resume } = await pausedAfter('vethSplice', { more: ['--on-failure', 'keep'] });
    await docker('rm', '--force', 'AppDev');
    const { exitCode, record } = await resume();
    expect({ exitCode, status: record.status }).toEqual({ exitCode: 1, status: 'failed' });
    const notReverted = record.changes.filter(({ step }) => step !== 'createProbe');
    expect(notReverted.filter(({ status }) => status !== 'applied')).toEqual([]);
    expect(await dockerKnows('container', 'AppProd')).toBe(true);
    expect((await linksOf()).get('int_hote')).toMatchObject({ ifalias: 'wf.run=lab' });

    const standing = standingChangesSchema.parse((await project.sharedWf(['changes', 'lab', '--json'])).json());
    expect(standing.map(({ seq }) => seq).sort()).toEqual(notReverted.map(({ seq }) => seq).sort());
    const printed = (await project.sharedWf(['changes'])).stdout;
    const typed = printed.split('\n').flatMap((line) => /^ {4}(\S.*)$/.exec(line)?.[1] ?? []);
    for (const { undo } of standing) for (const command of undo) expect(typed).toContain(command);
    // The commands run in sequence, like those of a user. AppDev is already gone, which `docker rm --force` accepts.
    const answers = [];
    for (const command of typed) {
      answers.push(
        await tool('sh', '-c', command).then(
          () => 'done',
          (thrown: unknown) => `${command}: ${String(thrown)}`,
        ),
      );
    }
    expect(answers.filter((answer) => answer !== 'done')).toEqual([]);
    expect(await hostState()).toEqual(before);
  });
});

function expectRolledBack(record: RunRecord): void {
  expect(record).toMatchObject({ status: 'rolled-back', verification: { restored: true, residues: [] } });
  expect(record.error?.hint).toMatch(/./);
  expect(record.changes.filter(({ status }) => status !== 'reverted' && status !== 'gone')).toEqual([]);
}
