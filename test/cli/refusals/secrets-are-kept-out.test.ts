import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { PinnedConnection } from '../../../src/sqlite/pinned-connection.ts';
import { refusalSchema, runRecordSchema } from '../../support/command/run-record.ts';
import { openProject, type Project, type WfEnd } from '../../support/command/run-wf.ts';
import { describeDocker, docker } from '../../support/engines/docker-tests.ts';
import { PROBE_IMAGE } from '../../support/engines/images.ts';
import { openRegistry } from '../../support/engines/registry.ts';

const WORKFLOW = readFileSync(new URL('../../fixtures/workflows/deploy.ts', import.meta.url), 'utf8');
const PASSWORD = `S3cret-p'Ä"ss/wörd +&`;

interface Deploy {
  readonly id: string;
  readonly project: Project;
  /** The file that exists while the run is logged in. */
  readonly session: string;
  args(...more: readonly string[]): readonly string[];
  go(): void;
}

function openDeploy(): Deploy {
  const project = openProject({ 'workflows/deploy.ts': WORKFLOW, 'password.txt': `${PASSWORD}\n` });
  const root = mkdtempSync(path.join(project.folder, 'deploy-'));
  const id = path.basename(root);
  return {
    id,
    project,
    session: path.join(root, 'session'),
    args: (...more) => ['start', 'deploy', '--id', id, '--input', `root=${root}`, ...more],
    go: () => writeFileSync(path.join(root, 'go'), ''),
  };
}

const FROM_ENV = ['--input', 'password=@env:DEPLOY_PASSWORD'] as const;
const FROM_FILE = ['--input', 'password=@file:password.txt'] as const;
const WITH_PASSWORD = { env: { DEPLOY_PASSWORD: PASSWORD } };
const waits = ({ session }: Deploy) => ['--input', `waitFor=${path.join(path.dirname(session), 'go')}`];

/** Parts of the password in every encoding that the steps print. None occurs in other text. */
const TRACES = [
  'S3cret',
  'ss/w',
  'ss%2Fw',
  Buffer.from('S3cret').toString('hex'),
  Buffer.from(`me:${PASSWORD}`).toString('base64').slice(4, 16),
  Buffer.from(PASSWORD).toString('base64').slice(0, 12),
];

function expectNoTrace(what: string, bytes: Buffer | string): void {
  const text = typeof bytes === 'string' ? bytes : bytes.toString('latin1');
  for (const trace of TRACES)
    if (text.includes(trace))
      throw new Error(`${what} holds ${trace}: ${text.slice(text.indexOf(trace) - 80, text.indexOf(trace) + 80)}`);
}

/** Values that are compressed in the database, which a search of the file misses. */
function compressedIn(database: string): readonly { readonly table: string; readonly bytes: Buffer }[] {
  const db = new PinnedConnection(database, { readonly: true });
  try {
    const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all().map(String);
    const found = tables.flatMap((table) =>
      db
        .prepare(`SELECT * FROM "${table}"`)
        .raw()
        .all()
        .flat()
        .flatMap((value) => (Buffer.isBuffer(value) ? [{ table, bytes: inflated(value) }] : [])),
    );
    // Otherwise the test has checked nothing.
    expect(found.length).toBeGreaterThan(0);
    return found;
  } finally {
    db.close();
  }
}

function inflated(value: Buffer): Buffer {
  for (const inflate of [inflateSync, inflateRawSync, gunzipSync, brotliDecompressSync]) {
    try {
      return inflate(value);
    } catch {
      // Another encoding.
    }
  }
  return value;
}

/** Expects no trace of the password in the files and the output of wf, nor in the output of these commands. */
async function expectRedacted(
  { id, project }: Deploy,
  ends: readonly WfEnd[],
  commands: readonly (readonly string[])[] = [['show', id, '--json']],
): Promise<void> {
  for (const { stdout, stderr } of ends) expectNoTrace('what was printed', `${stdout}${stderr}`);
  const written = readdirSync(project.folder).filter((name) => name.startsWith('wf.db'));
  expect(written).toContain('wf.db');
  for (const name of written) expectNoTrace(name, readFileSync(path.join(project.folder, name)));
  for (const { table, bytes } of compressedIn(project.database)) expectNoTrace(table, bytes);
  for (const command of commands) {
    const { stdout, stderr } = await project.sharedWf(command, { env: { WF_DEBUG: '1' } });
    expectNoTrace(`wf ${command.join(' ')}`, `${stdout}${stderr}`);
  }
  const rest = readdirSync(project.folder, { recursive: true, withFileTypes: true });
  for (const entry of rest.filter((one) => one.isFile() && one.name !== 'password.txt' && one.name !== 'session')) {
    expectNoTrace(entry.name, readFileSync(path.join(entry.parentPath, entry.name)));
  }
}

/** The commands that print a run. */
function readsOf(id: string): readonly (readonly string[])[] {
  return [
    ...[['runs'], ['show', id], ['show', id, 'print'], ['logs', id], ['changes'], ['diff', id], ['graph', id]],
    ...[
      ['runs', '--json'],
      ['show', id, '--json'],
      ['logs', id, '--json'],
      ['diff', id, '--json'],
    ],
    ...[
      ['report', id],
      ['report', id, '-o', 'report.html'],
      ['export', id, '-o', 'run.wfrun'],
      ['export', id],
    ],
  ];
}

test.concurrent('a run that succeeds leaves no trace of a secret', async () => {
  const deploy = openDeploy();
  const url = ['--input', `url=http://me:${encodeURIComponent(PASSWORD)}@host/`];
  const end = await deploy.project.wf(deploy.args(...FROM_ENV, ...url, '--json'), WITH_PASSWORD);
  expect(end.exitCode, end.stderr + end.stdout).toBe(0);
  const record = runRecordSchema.parse(end.json());
  expect(record).toMatchObject({
    status: 'succeeded',
    input: { password: expect.stringMatching(/^wf-secret:password:[0-9a-f]{12}$/) },
  });
  // The steps had the value: their output contains the placeholder instead.
  const { stdout } = await deploy.project.sharedWf(['logs', deploy.id]);
  expect(stdout).toMatch(/logged in with wf-secret:password:/);
  expect(stdout).toMatch(/refused: wf-secret:password:/);
  await expectRedacted(deploy, [end], readsOf(deploy.id));
});

test.concurrent('a run that prints a secret and fails is rolled back and leaves no trace of it', async () => {
  const deploy = openDeploy();
  const env = { ...WITH_PASSWORD.env, WF_DEBUG: '1' };
  const end = await deploy.project.sharedWf(deploy.args(...FROM_FILE, '--input', 'exitCode=3'), { env });
  expect(end.exitCode, end.stderr).toBe(1);
  expect(end.stdout + end.stderr).toContain('refused: wf-secret:password:');
  expect(existsSync(deploy.session)).toBe(false);
  await expectRedacted(deploy, [end], readsOf(deploy.id));
});

async function killed(deploy: Deploy, ...given: readonly string[]): Promise<WfEnd> {
  const run = deploy.project.start(deploy.args(...given, ...waits(deploy)), WITH_PASSWORD);
  await run.line(/^setup {2}login .* ok /);
  run.kill('SIGKILL');
  const end = await run.end;
  expect(readFileSync(deploy.session, 'utf8')).toBe(PASSWORD);
  return end;
}

test.concurrent('a killed run is resumed with the secret from its source, and leaves no trace of it', async () => {
  const deploy = openDeploy();
  const before = await killed(deploy, ...FROM_ENV);
  await expectRedacted(deploy, [before]);
  deploy.go();

  const without = await deploy.project.sharedWf(['resume', deploy.id, '--json']);
  expect(without.exitCode).toBe(2);
  expect(refusalSchema.parse(without.json()).error).toMatchObject({
    code: 'E_INPUT',
    message: expect.stringContaining('the environment variable DEPLOY_PASSWORD is not set'),
  });
  const plan = await deploy.project.sharedWf(['resume', deploy.id, '--dry-run'], WITH_PASSWORD);
  expect(plan.exitCode, plan.stderr).toBe(0);
  const end = await deploy.project.sharedWf(['resume', deploy.id], WITH_PASSWORD);
  expect(end.exitCode, end.stderr).toBe(0);
  expect(existsSync(deploy.session)).toBe(false);
  await expectRedacted(deploy, [without, plan, end]);
});

test.concurrent('a killed run is resumed with a secret that is typed again, and leaves no trace of it', async () => {
  const deploy = openDeploy();
  await killed(deploy, '--input', `password=${PASSWORD}`);
  deploy.go();
  const { project, id } = deploy;
  const without = await project.sharedWf(['resume', id]);
  expect(without.exitCode).toBe(2);
  expect(without.stderr).toContain(`wf resume ${id} --input password=@env:VARIABLE`);
  const other = await project.sharedWf(['resume', id, '--input', 'pasword=@file:password.txt']);
  expect(other.stderr).toContain('Did you mean password?');
  const end = await project.sharedWf(['resume', id, ...FROM_FILE]);
  expect(end.exitCode, end.stderr).toBe(0);
  await expectRedacted(deploy, [without, other, end]);
});

test.concurrent('a rollback names a secret that an undo needs, and leaves no trace of it', async () => {
  const deploy = openDeploy();
  const { project, id } = deploy;
  await killed(deploy, '--input', `password=${PASSWORD}`);
  const without = await project.sharedWf(['rollback', id]);
  expect(without.exitCode).toBe(5);
  expect(without.stdout + without.stderr).toContain('the secret input password');
  expect(existsSync(deploy.session)).toBe(true);
  const end = await project.sharedWf(['rollback', id, ...FROM_FILE]);
  expect(end.exitCode, end.stderr + end.stdout).toBe(0);
  expect(existsSync(deploy.session)).toBe(false);
  await expectRedacted(deploy, [without, end]);
});

test.concurrent('a dry run and a refused start leave no trace of a secret', async () => {
  const deploy = openDeploy();
  const { project } = deploy;
  const ends = [
    await project.sharedWf(deploy.args(...FROM_ENV, '--dry-run'), WITH_PASSWORD),
    await project.sharedWf(deploy.args(...FROM_ENV, '--dry-run', '--json'), WITH_PASSWORD),
  ];
  expect(ends.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  const refused = [
    await project.sharedWf(deploy.args('--input', `password=${PASSWORD}${'x'.repeat(100)}`)),
    await project.sharedWf(deploy.args('--input', `password:${PASSWORD}`)),
    await project.sharedWf(deploy.args('--input', `password=${PASSWORD}`, '--input', 'exitcode=1')),
    await project.sharedWf(deploy.args('--input', 'password=@env:NOWHERE')),
    await project.sharedWf(deploy.args('--input', 'password=@file:nowhere.txt')),
    await project.sharedWf(deploy.args('--input', 'password=S3cre')),
  ];
  for (const { exitCode, stderr } of refused) {
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^error E_INPUT: .*\n {2}next: .+\n$/);
  }
  expect(existsSync(project.database)).toBe(false);
  for (const { stdout, stderr } of [...ends, ...refused]) expectNoTrace('what was printed', `${stdout}${stderr}`);
});

test.concurrent('a plan leaves no trace of a secret, and apply takes it from its source again', async () => {
  const deploy = openDeploy();
  const { project, id } = deploy;
  const plan = await project.sharedWf(deploy.args(...FROM_ENV, '--plan', '--json'), WITH_PASSWORD);
  expect(plan.exitCode, plan.stderr).toBe(0);
  expect(plan.json()).toMatchObject({
    input: { password: expect.stringMatching(/^wf-secret:password:[0-9a-f]{12}$/) },
    secrets: { password: 'env:DEPLOY_PASSWORD' },
  });
  const reads = [await project.sharedWf(['plans', '@latest']), await project.sharedWf(['plans', '@latest', '--json'])];
  const without = await project.sharedWf(['apply', '@latest']);
  expect(without.exitCode).toBe(2);
  expect(without.stderr).toContain('DEPLOY_PASSWORD');
  const end = await project.sharedWf(['apply', '@latest', '--json'], WITH_PASSWORD);
  expect(end.exitCode, end.stderr).toBe(0);
  expect(end.json()).toMatchObject({ id, status: 'succeeded' });
  await expectRedacted(deploy, [plan, ...reads, without, end]);
});

test.concurrent('apply asks again for a secret that was typed for a plan', async () => {
  const deploy = openDeploy();
  const { project, id } = deploy;
  const plan = await project.sharedWf(deploy.args('--input', `password=${PASSWORD}`, '--plan'));
  expect(plan.exitCode, plan.stderr).toBe(0);
  const without = await project.sharedWf(['apply', '@latest']);
  expect(without.exitCode).toBe(2);
  expect(without.stderr).toMatch(/^error E_INPUT: cannot apply plan \w+: its secret input password is missing/);
  expect(without.stderr).toMatch(/next: Give it again with `wf apply \w+ --input password=@env:VARIABLE/);
  const other = await project.sharedWf(['apply', '@latest', ...FROM_FILE, '--input', 'root=/elsewhere']);
  expect(other.exitCode).toBe(2);
  expect(other.stderr).toMatch(/--input root: plan \w+ has no secret input of that name/);
  const end = await project.sharedWf(['apply', '@latest', ...FROM_FILE]);
  expect(end.exitCode, end.stderr).toBe(0);
  await expectRedacted(deploy, [plan, without, other, end], readsOf(id));
});

describeDocker('an engine that gets a secret', () => {
  const image = readFileSync(new URL('../../fixtures/workflows/private-image.ts', import.meta.url), 'utf8');

  test('leaves no trace of the password of a registry or of a variable of a container', async () => {
    const registry = await openRegistry('dksecret', PASSWORD);
    const project = openProject({ 'workflows/private-image.ts': image, 'password.txt': PASSWORD });
    const id = path.basename(project.folder);
    const deploy: Deploy = { id, project, session: '', args: () => [], go: () => {} };
    try {
      const inputs = [`reference=${registry.reference}`, `image=${PROBE_IMAGE}`, 'password=@file:password.txt'];
      const words = inputs.flatMap((text) => ['--input', text]);
      const end = await project.wf(['start', 'private-image', '--id', id, '--runtime', 'docker', ...words]);
      expect(end.exitCode, end.stderr).toBe(0);
      expect(await docker('inspect', '--format', '{{.Config.Env}}', 'dksecret-app')).toContain(PASSWORD);
      const { stdout } = await project.sharedWf(['logs', id]);
      expect(stdout).toMatch(/--env '?PASSWORD=wf-secret:password:/);
      expect(stdout).toMatch(/it is wf-secret:password:.*\n+and wf-secret:password:/);
      const back = await project.wf(['rollback', id, '--remove-images']);
      expect(back.exitCode, back.stderr).toBe(0);
      await expectRedacted(
        deploy,
        [end, back],
        [
          ['show', id, '--json'],
          ['logs', id],
          ['export', id],
        ],
      );
    } finally {
      await registry.close();
    }
  });
});
