import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { refusalSchema, runRecordSchema } from '../../support/command/run-record.ts';
import { type Project, type WfEnd, withoutDatabase } from '../../support/command/run-wf.ts';
import { foldersRun, openFoldersProject } from '../../support/workflows/folders.ts';

const PATIENCE_MS = 300_000;

/** Returns the command lines that a hint suggests, as a person would type them. */
function suggested(end: WfEnd): readonly string[] {
  const { error } = refusalSchema.parse(end.json());
  return [...error.hint.matchAll(/`wf ([^`]+)`/g)].map(([, line = '']) => line);
}

/** Size of the header of an SQLite database, by which wf recognizes its own. */
const HEADER_BYTES = 100;

/** Runs a suggested command line. */
async function carryOut(project: Project, line: string): Promise<WfEnd> {
  return project.sharedWf(line.split(' '), { env: { WF_DB: path.join(project.folder, 'none.db') } });
}

test.each([
  ['deleted', (database: string) => rmSync(database)],
  ['damaged', (database: string) => writeFileSync(database, readFileSync(database).fill('A letter.', HEADER_BYTES))],
])(
  'a rollback whose database was %s suggests a sweep that works',
  async (_, ruin) => {
    const project = openFoldersProject();
    const database = path.join(project.folder, 'own.db');
    const run = foldersRun(project);
    run.go();
    expect((await run.carryOut('--db', database, '--pause-after', 'first')).exitCode).toBe(0);
    for (const side of ['-wal', '-shm', '-reserve']) rmSync(`${database}${side}`, { force: true });
    ruin(database);
    const sweeps = suggested(await project.sharedWf(['rollback', run.id, '--db', database, '--json'])).filter((line) =>
      line.startsWith('sweep'),
    );
    expect(sweeps).toEqual([expect.stringContaining(`--db ${database}`)]);
    // The sweep lists its findings with or without a Docker engine.
    for (const line of sweeps) expect((await carryOut(project, `${line} --json`)).json()).toEqual(expect.any(Array));
  },
  PATIENCE_MS,
);

test(
  'a run whose database was moved away is resumed as suggested once the database is back',
  async () => {
    const project = openFoldersProject();
    const run = foldersRun(project);
    const wf = run.start('--json');
    await wf.haltAt(/^first {2}makeOne .* ok /);
    renameSync(project.database, `${project.database}.away`);
    wf.kill('SIGCONT');
    run.go();
    const end = await wf.end;
    expect(end.exitCode).toBe(5);
    expect(withoutDatabase(project, end.stderr)).toContain(`\`wf resume ${run.id}\` resumes it`);
    renameSync(`${project.database}.away`, project.database);
    const resumed = await project.sharedWf(['resume', run.id, '--json']);
    expect([resumed.exitCode, runRecordSchema.parse(resumed.json()).status]).toEqual([0, 'succeeded']);
    expect(run.log()).toEqual(['one', 'two', 'three', 'not three', 'not two', 'not one']);
  },
  PATIENCE_MS,
);
