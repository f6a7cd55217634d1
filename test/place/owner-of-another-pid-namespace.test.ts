import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { runRecordSchema } from '../support/command/run-record.ts';
import { foldersRun, openFoldersProject } from '../support/workflows/folders.ts';

const OWN_PIDS = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
const OWN_PIDS_AND_NETWORK = [...OWN_PIDS, '--net'];

describe.skipIf(process.getuid?.() !== 0)('a run whose owner is in another PID namespace', () => {
  test.concurrent.for([
    ['another PID namespace', OWN_PIDS],
    ['another PID and network namespace', OWN_PIDS_AND_NETWORK],
  ] as const)('is not taken from a living owner by a wf in %s', async ([, through]) => {
    const project = openFoldersProject();
    const run = foldersRun(project);
    const owner = run.start();
    await owner.line(/^first {2}makeOne .* ok /);
    for (const command of ['resume', 'rollback']) {
      const refused = await project.wf([command, run.id, '--json'], { through });
      expect(refused).toMatchObject({ exitCode: 4 });
      expect(refused.json()).toMatchObject({
        error: { code: 'E_LEASE_HELD', message: expect.stringMatching(/process \d+ of the PID namespace \d+/) },
      });
    }
    const dry = await project.wf(['resume', run.id, '--dry-run', '--json'], { through });
    expect(dry).toMatchObject({ exitCode: 4 });
    const listed = await project.wf(['runs', '--json'], { through });
    expect(listed.json()).toMatchObject([{ id: run.id, status: 'running' }]);
    run.go();
    expect(await owner.end).toMatchObject({ exitCode: 0 });
    expect(run.log()).toEqual(['one', 'two', 'three', 'not three', 'not two', 'not one']);
  });

  test.concurrent('is not taken from a living owner in a child namespace, but is resumed once the owner is dead', async () => {
    const project = openFoldersProject();
    const root = foldersRun(project);
    const [id, go] = [root.id, path.join(project.folder, root.id, 'go')];
    const inputs = ['--input', `root=${path.join(project.folder, id)}`, '--input', `waitFor=${go}`];
    const owner = project.start(['start', 'folders', '--id', id, ...inputs], { through: OWN_PIDS });
    await owner.line(/^first {2}makeOne .* ok /);
    expect(await project.sharedWf(['resume', id])).toMatchObject({ exitCode: 4 });
    expect((await project.sharedWf(['runs', '--json'])).json()).toMatchObject([{ id, status: 'running' }]);
    // The namespace ends with the process that created it.
    owner.kill('SIGKILL');
    await owner.end;
    expect((await project.sharedWf(['runs', '--json'])).json()).toMatchObject([{ id, status: 'interrupted' }]);
    writeFileSync(go, '');
    const resumed = await project.sharedWf(['resume', id, '--json']);
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    expect(runRecordSchema.parse(resumed.json())).toMatchObject({ status: 'succeeded' });
    expect(root.log()).toEqual(['one', 'two', 'three', 'not three', 'not two', 'not one']);
  });

  test.concurrent('is not rolled back from another PID namespace while it is paused', async () => {
    const project = openFoldersProject();
    const run = foldersRun(project);
    run.go();
    expect(await run.carryOut('--pause-after', 'second')).toMatchObject({ exitCode: 0 });
    const refused = await project.wf(['rollback', run.id, '--json'], { through: OWN_PIDS });
    expect(refused).toMatchObject({ exitCode: 4 });
    expect(refused.json()).toMatchObject({ error: { code: 'E_WRONG_PLACE' } });
    expect(run.folders()).toEqual(['one', 'two']);
    expect(await project.sharedWf(['rollback', run.id])).toMatchObject({ exitCode: 0 });
    expect(existsSync(path.join(project.folder, run.id, 'one'))).toBe(false);
  });
});
