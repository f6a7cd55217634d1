import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { readRecord } from '../../support/command/read-record.ts';
import { openProject, type Project, WF } from '../../support/command/run-wf.ts';
import { openConnection } from '../../support/page/open-connection.ts';
import { openNoteProject } from '../../support/workflows/note.ts';

const shellSchema = z.object({ command: z.array(z.string()) });

let project: Project;
beforeAll(async () => {
  project = openProject();
  const args = ['start', 'lab-network', '--runtime', 'embedded', '--pause-after', 'vethSplice', '--id', 'stopped'];
  expect(await project.sharedWf(args)).toMatchObject({ exitCode: 0 });
});
afterAll(async () => {
  expect(await project.sharedWf(['rollback', 'stopped'])).toMatchObject({ exitCode: 0 });
});

/** Types these lines into a shell of wf. */
async function typed(args: readonly string[], lines: string) {
  const { stdout, stderr, exitCode } = await execa(process.execPath, [WF, 'shell', ...args], {
    input: lines,
    env: { WF_DB: project.database },
    reject: false,
  });
  return { stdout, stderr, exitCode };
}

const record = async () => readRecord(project, 'stopped');

test('wf shell enters the network of a container or of the host, and does not change the run', async () => {
  const before = await record();
  const inside = await typed(['stopped', 'appprod'], 'ip -br address show dev eth1\ncat /etc/resolv.conf\nexit 3\n');
  expect(inside.stdout).toMatch(/^eth1@\S+ +UP +172\.18\.0\.100\/16/m);
  expect(inside.stdout).toContain('nameserver 127.0.0.11');
  expect(inside.stderr).toMatch(/AppProd of run stopped, which is paused/);
  expect(inside.exitCode).toBe(0);
  const host = await typed(['stopped'], 'ip -br link show dev int_hote\n');
  expect(host.stdout).toMatch(/^int_hote@\S+ +UP/m);
  expect(await record()).toEqual(before);
});

test('wf shell --json prints the command line that opens the shell', async () => {
  const wf = await project.wf(['shell', 'stopped', 'AppProd', '--json']);
  expect(wf.json()).toEqual({
    run: 'stopped',
    container: 'AppProd',
    command: expect.arrayContaining(['nsenter', '--']),
  });
});

test('wf shell refuses an unknown container and suggests a similar name', async () => {
  const wf = await project.sharedWf(['shell', 'stopped', 'AppPord']);
  expect(wf.exitCode).toBe(2);
  expect(wf.stderr).toMatch(/has no running container "AppPord"[\s\S]*Did you mean AppProd\?[\s\S]*AppDev, AppProd/);
});

test('the prompt on a terminal names the run and the container', async () => {
  const line = `${process.execPath} ${WF} shell stopped AppProd`;
  const { stdout } = await execa('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
    input: 'exit\n',
    env: { WF_DB: project.database, TERM: 'dumb' },
    reject: false,
  });
  expect(stdout).toContain('[wf stopped AppProd] # ');
});

test('a connection that a shell has left open does not keep a link of the lab alive', async () => {
  const { command } = shellSchema.parse((await project.sharedWf(['shell', 'stopped', 'AppDev', '--json'])).json());
  const connection = await openConnection(command, '172.18.0.100', 5678);
  const end = await project.sharedWf(['resume', 'stopped']);
  expect(end, end.stderr).toMatchObject({ exitCode: 0 });
  await connection.close();
});

test('wf shell refuses a run that has ended', async () => {
  const own = openNoteProject();
  const start = ['start', 'note', '--id', 'over', '--input', `file=${own.folder}/the-note`];
  expect(await own.sharedWf(start)).toMatchObject({ exitCode: 0 });
  const wf = await own.sharedWf(['shell', 'over']);
  expect(wf).toMatchObject({ exitCode: 2, stdout: '' });
  expect(wf.stderr).toMatch(/^error E_RUN_ENDED: run over has ended/);
});
