import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { PinnedConnection } from '../../../src/sqlite/pinned-connection.ts';
import { planSchema } from '../../support/command/plan-record.ts';
import { refusalSchema, runRecordSchema } from '../../support/command/run-record.ts';
import { openProject, type Project, type WfEnd } from '../../support/command/run-wf.ts';
import { CROWD, inTurn } from '../../support/rotation.ts';
import { NOTE_WORKFLOW, openNoteProject } from '../../support/workflows/note.ts';

const IMAGE_WORKFLOW = readFileSync(new URL('../../fixtures/workflows/private-image.ts', import.meta.url), 'utf8');
const noteOf = ({ folder }: Project) => path.join(folder, 'note.txt');

async function planNote(project: Project, ...more: readonly string[]) {
  const args = ['start', 'note', '--plan', '--json', '--input', `file=${noteOf(project)}`, ...more];
  const end = await project.sharedWf(args);
  expect(end.exitCode, end.stderr).toBe(0);
  const plan = planSchema.parse(end.json());
  if (plan.id === null || plan.run === null) throw new Error('the plan is not saved');
  return { ...plan, id: plan.id, run: plan.run };
}

function refusal(end: WfEnd) {
  const { error } = refusalSchema.parse(end.json());
  return { exitCode: end.exitCode, ...error };
}

const runsOf = async ({ sharedWf }: Project) => z.array(z.unknown()).parse((await sharedWf(['runs', '--json'])).json());

/** Alters the stored plan, as if it had been created in other circumstances. */
function alterPlan({ database }: Project, id: string, member: string, value: string | number): void {
  const db = new PinnedConnection(database);
  db.prepare('UPDATE plans SET plan = json_set(plan, ?, ?) WHERE id = ?').run(member, value, id);
  db.close();
}

test('a plan touches nothing, and lists what the run would do', async () => {
  const project = openNoteProject();
  const links = async () => (await execa('ip', ['-json', 'link'])).stdout;
  const before = await links();
  const plan = await planNote(project, '--id', 'chosen');
  expect(existsSync(noteOf(project))).toBe(false);
  expect(await links()).toBe(before);
  expect(await runsOf(project)).toEqual([]);
  expect(plan).toMatchObject({ workflow: 'note', file: null, run: 'chosen', usedBy: null, onFailure: 'rollback' });
  expect(plan.steps.map(({ step, observed, inputFrom }) => ({ step, observed, inputFrom }))).toEqual([
    {
      step: 'writeNote',
      observed: { found: 'absent', target: `note ${noteOf(project)}`, error: null },
      inputFrom: [],
    },
    { step: 'readNote', observed: null, inputFrom: [] },
    { step: 'runProgram', observed: null, inputFrom: [] },
    { step: 'removeNote', observed: null, inputFrom: [] },
  ]);
  // The dry run prints the same, and saves nothing.
  const dry = await project.sharedWf([
    'start',
    'note',
    '--dry-run',
    '--json',
    '--input',
    `file=${noteOf(project)}`,
    '--id',
    'chosen',
  ]);
  expect(dry.json()).toEqual({ ...plan, id: null, createdAt: null });
  const listed = z.array(planSchema).parse((await project.sharedWf(['plans', '--json'])).json());
  expect(listed).toEqual([plan]);
});

test('apply starts exactly the planned run, once', async () => {
  const project = openNoteProject();
  const plan = await planNote(project, '--input', 'text=hello', '--pause-after', 'read', '--on-failure', 'keep');
  const applied = await project.wf(['apply', plan.id.slice(0, 5), '--json']);
  expect(applied.exitCode).toBe(0);
  const record = runRecordSchema.parse(applied.json());
  expect(record).toMatchObject({ id: plan.run, plan: plan.id, status: 'paused', input: plan.input });
  expect(readFileSync(noteOf(project), 'utf8')).toBe('hello');
  const again = refusal(await project.sharedWf(['apply', '@latest', '--json']));
  expect(again).toMatchObject({ exitCode: 4, code: 'E_PLAN_USED' });
  expect(again.message).toContain(plan.run);
  expect((await project.sharedWf(['resume', plan.run])).exitCode).toBe(0);
  expect(planSchema.parse((await project.sharedWf(['plans', plan.id, '--json'])).json())).toEqual({
    ...plan,
    usedBy: plan.run,
  });
});

test('apply with --detach starts it without this terminal', async () => {
  const project = openNoteProject();
  const { id, run } = await planNote(project);
  const detached = await project.wf(['apply', id, '--detach']);
  expect({ exitCode: detached.exitCode, stdout: detached.stdout }).toEqual({ exitCode: 0, stdout: `${run}\n` });
  expect((await project.sharedWf(['wait', run])).exitCode).toBe(0);
});

/** Faults around the commit that starts the run. */
const FAULTS = {
  'exactly one of many concurrent applies starts the run, and the others name it': async () => {
    const project = openNoteProject();
    const { id, run } = await planNote(project);
    const ends = await Promise.all(Array.from({ length: CROWD }, () => project.wf(['apply', id, '--json'])));
    expect(ends.filter(({ exitCode }) => exitCode === 0)).toHaveLength(1);
    const refusals = ends.filter(({ exitCode }) => exitCode !== 0).map(refusal);
    expect(refusals).toHaveLength(CROWD - 1);
    for (const each of refusals) {
      expect(each).toMatchObject({ exitCode: 4, code: 'E_PLAN_USED' });
      expect(each.message).toContain(run);
    }
    expect(await runsOf(project)).toHaveLength(1);
  },
  'a process killed before the run is created leaves the plan unused, and one killed after it an interrupted run':
    async () => {
      const project = openNoteProject();
      const { id, run } = await planNote(project);
      const kill = (point: string) => project.wf(['apply', id], { env: { WF_CRASH_AT: point } });
      expect((await kill('before commit create')).signal).toBe('SIGKILL');
      expect(await runsOf(project)).toEqual([]);
      expect((await kill('after commit create')).signal).toBe('SIGKILL');
      expect(await runsOf(project)).toMatchObject([{ id: run, status: 'interrupted', plan: id }]);
      expect(refusal(await project.sharedWf(['apply', id, '--json']))).toMatchObject({ code: 'E_PLAN_USED' });
      expect((await project.sharedWf(['resume', run])).exitCode).toBe(0);
      expect(existsSync(noteOf(project))).toBe(false);
    },
};

test.concurrent.for(inTurn(Object.entries(FAULTS), 2))('%s', { timeout: 120_000 }, ([, work]) => work());

interface Difference {
  readonly what: string;
  make(project: Project, id: string): void | Promise<void>;
  readonly message: RegExp;
}

const DIFFERENCES: readonly Difference[] = [
  {
    what: 'the workflow has changed',
    make: (project) => void project.write('workflows/note.ts', NOTE_WORKFLOW.replace("version: '1'", "version: '2'")),
    message: /workflow note has changed: .*version/,
  },
  {
    what: 'an object has appeared',
    make: (project) => writeFileSync(noteOf(project), 'somebody else'),
    message: /step writeNote: observed was "note .*note\.txt is not in place", and is "exists, and is not the run's: /,
  },
  {
    what: 'the machine was restarted',
    make: (project, id) => alterPlan(project, id, '$.place.bootId', 'an earlier boot'),
    message: /the boot id of the machine .* was an earlier boot, and is /,
  },
  {
    what: 'the network namespace is another one',
    make: (project, id) => alterPlan(project, id, '$.place.networkNamespace.inode', 1),
    message: /the network namespace was .*1.*, and is /,
  },
  {
    what: 'the user is another one',
    make: (project, id) => alterPlan(project, id, '$.place.user', 4711),
    message: /the user id was 4711, and is /,
  },
  {
    what: 'the commands are others',
    make: (project, id) => alterPlan(project, id, '$.steps[0].commands[0]', 'tee elsewhere'),
    message: /step writeNote: its commands were tee elsewhere, and are tee /,
  },
];

test.each(DIFFERENCES)('apply refuses, and touches nothing, if $what', async ({ make, message }) => {
  const project = openNoteProject();
  const { id } = await planNote(project);
  await make(project, id);
  const had = existsSync(noteOf(project));
  const refused = refusal(await project.sharedWf(['apply', id, '--json']));
  expect(refused).toMatchObject({ exitCode: 4, code: 'E_PLAN_OUTDATED' });
  expect(refused.message).toMatch(message);
  expect(existsSync(noteOf(project))).toBe(had);
  expect(await runsOf(project)).toEqual([]);
  expect(await project.sharedWf(['plans', id, '--json']).then((end) => end.json())).toMatchObject({ usedBy: null });
});

test('apply refuses another working directory, on which commands depend, and names each difference', async () => {
  const project = openNoteProject();
  const { id } = await planNote(project);
  writeFileSync(noteOf(project), 'somebody else');
  const refused = refusal(
    await project.sharedWf(['apply', id, '--json'], { cwd: path.join(project.folder, 'workflows') }),
  );
  expect(refused.code).toBe('E_PLAN_OUTDATED');
  expect(refused.message).toContain(`the working directory was ${project.folder}, and is ${project.folder}/workflows`);
  expect(refused.message).toContain('step writeNote: observed was');
});

test.runIf(process.getuid?.() === 0)('apply refuses another network namespace', async () => {
  const project = openNoteProject();
  const { id } = await planNote(project);
  const refused = refusal(await project.wf(['apply', id, '--json'], { through: ['unshare', '--net'] }));
  expect(refused).toMatchObject({ exitCode: 4, code: 'E_PLAN_OUTDATED' });
  expect(refused.message).toContain('the network namespace was');
  expect((await project.sharedWf(['apply', id])).exitCode).toBe(0);
});

test('apply finds the workflow file of a plan by its path', async () => {
  const project = openNoteProject();
  const file = project.write('elsewhere/note.ts', NOTE_WORKFLOW);
  const end = await project.sharedWf(['start', file, '--plan', '--json', '--input', `file=${noteOf(project)}`]);
  const plan = planSchema.parse(end.json());
  expect(plan.file).toBe(file);
  expect((await project.sharedWf(['apply', plan.id ?? ''])).exitCode).toBe(0);
});

/** The note, with a requirement that is met unless `file` exists. */
function requiring(file: string, error: string): string {
  const unmet = `{ met: false as const, error: new WfError('${error}', 'it is in the way', { hint: 'Move it.' }) }`;
  return NOTE_WORKFLOW.replace(
    "({ met: true, found: 'a pen' })",
    `(existsSync(${JSON.stringify(file)}) ? ${unmet} : { met: true as const, found: 'a pen' })`,
  ).replace('import { readFile,', "import { existsSync } from 'node:fs';\nimport { readFile,");
}

test.each([
  ['E_NAME_IN_USE', 4, 'E_PLAN_OUTDATED', 'a pen: it is in the way'],
  ['E_TOOL_MISSING', 3, 'E_TOOL_MISSING', 'it is in the way'],
] as const)(
  'a requirement that has become unmet, with %s, ends apply with %i',
  async (error, exitCode, code, message) => {
    const project = openNoteProject();
    const blocker = path.join(project.folder, 'blocker');
    project.write('workflows/note.ts', requiring(blocker, error));
    const { id } = await planNote(project);
    writeFileSync(blocker, '');
    const refused = refusal(await project.sharedWf(['apply', id, '--json']));
    expect(refused).toMatchObject({ exitCode, code, message: expect.stringContaining(message) });
    expect(await runsOf(project)).toEqual([]);
    rmSync(blocker);
    expect((await project.sharedWf(['apply', id])).exitCode).toBe(0);
  },
);

test('without a Docker engine a dry run warns, and a plan is refused', async () => {
  const project = openProject({ 'workflows/private-image.ts': IMAGE_WORKFLOW });
  const env = { DOCKER_HOST: `unix://${project.folder}/nothing.sock` };
  const inputs = ['reference=a', 'image=b', 'password=correct horse'].flatMap((text) => ['--input', text]);
  const args = ['start', 'private-image', '--runtime', 'docker', ...inputs, '--json'];
  const plan = await project.sharedWf([...args, '--plan'], { env });
  expect(refusal(plan)).toMatchObject({ exitCode: 3, code: 'E_DOCKER_UNREACHABLE' });
  expect(existsSync(project.database)).toBe(false);
  const dry = await project.sharedWf([...args, '--dry-run'], { env });
  expect({ exitCode: dry.exitCode, stderr: dry.stderr }).toEqual({
    exitCode: 0,
    stderr: expect.stringMatching(/^warning E_DOCKER_UNREACHABLE/),
  });
  const { steps, place } = planSchema.parse(dry.json());
  expect(place?.engine).toBeNull();
  expect(steps.find(({ step }) => step === 'createNetwork')?.observed).toMatchObject({
    found: 'unknown',
    error: { code: 'E_DOCKER_UNREACHABLE' },
  });
});

test('a start with an unmet requirement saves no plan', async () => {
  const unmet = NOTE_WORKFLOW.replace(
    "met: true, found: 'a pen'",
    "met: false, error: new WfError('E_TOOL_MISSING', 'no pen', { hint: 'Buy one.' })",
  );
  const project = openNoteProject({ 'workflows/note.ts': unmet });
  const args = ['start', 'note', '--input', `file=${noteOf(project)}`, '--json'];
  expect(refusal(await project.sharedWf([...args, '--plan']))).toMatchObject({ exitCode: 3, code: 'E_TOOL_MISSING' });
  expect((await project.sharedWf(['plans', '--json'])).json()).toEqual([]);
  const dry = await project.sharedWf([...args, '--dry-run']);
  expect(dry.exitCode).toBe(0);
  expect(dry.stderr).toContain('no pen');
});

test('plans are listed, written to a file, and pruned: unused ones by age, used ones with their run', async () => {
  const project = openNoteProject();
  const used = await planNote(project);
  await project.sharedWf(['apply', used.id]);
  const unused = await planNote(project);
  const list = await project.sharedWf(['plans']);
  expect(list.stdout).toMatch(new RegExp(`${unused.id} +note +.* +unused\n${used.id} +note +.* +run ${used.run}\n`));
  const file = path.join(project.folder, 'plan.json');
  expect((await project.sharedWf(['plans', unused.id, '-o', file])).exitCode).toBe(0);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(unused);

  const shown = await project.sharedWf(['prune', '--older-than', '0s', '--json']);
  expect(shown.json()).toMatchObject({ dryRun: true, plans: 1, runs: { note: 1 } });
  // A number of runs to keep selects no plan.
  expect((await project.sharedWf(['prune', '--keep', '1', '--yes', '--json'])).json()).toMatchObject({
    plans: 0,
    runs: {},
  });
  const pruned = await project.sharedWf(['prune', '--older-than', '0s', '--yes']);
  expect(pruned.stdout).toMatch(/^Removed 1 run \(note 1\), 1 unused plan, /);
  expect((await project.sharedWf(['plans', '--json'])).json()).toEqual([]);
  const gone = refusal(await project.sharedWf(['apply', used.id, '--json']));
  expect(gone).toMatchObject({ exitCode: 2, code: 'E_PLAN_NOT_FOUND' });
});

test('the definition of a plan is kept as long as the plan', async () => {
  const project = openNoteProject();
  const { id } = await planNote(project);
  expect((await project.sharedWf(['prune', '--older-than', '90d', '--yes'])).exitCode).toBe(0);
  project.write('workflows/note.ts', NOTE_WORKFLOW.replace("version: '1'", "version: '2'"));
  expect(refusal(await project.sharedWf(['apply', id, '--json'])).message).toMatch(/has changed: .*version/);
});

test.each([['--dry-run'], ['--detach']])('--plan and %s exclude each other', async (other) => {
  const project = openNoteProject();
  const end = await project.sharedWf(['start', 'note', '--plan', other, '--json']);
  expect(refusal(end)).toMatchObject({ exitCode: 2, code: 'E_USAGE' });
});
