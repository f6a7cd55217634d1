import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { DOC_PAGES, missingLines, readDocPage, type Session } from '../../support/command/doc-page.ts';
import { compileTogether, openPackageProject, type PackageProject } from '../../support/command/package-project.ts';
import { runSharedWf } from '../../support/command/shared-wf.ts';
import { dockerHost } from '../../support/engines/docker-tests.ts';
import { ensureImages } from '../../support/engines/images.ts';
import { HAS_NFT } from '../../support/host/nft.ts';
import { EVERY_CASE, inTurn } from '../../support/rotation.ts';

const isRoot = process.getuid?.() === 0;
const hasDocker = process.env['WF_TEST_DOCKER'] === '1';
const pages = DOC_PAGES.map((name) => ({ name, ...readDocPage(name) })).filter(
  ({ files, sessions }) => Object.keys(files).length > 0 || sessions.length > 0,
);

const withFiles = pages.filter(({ files }) => Object.keys(files).length > 0);
const compile = compileTogether(new Map(withFiles.map(({ name, files }) => [name, files])));

const FIRST_READ = 'README.md';
const carriedOut = [
  ...pages.filter(({ name }) => name === FIRST_READ),
  ...inTurn(
    pages.filter(({ name }) => name !== FIRST_READ),
    5,
  ),
];

test('more than five pages have examples', () => {
  expect(pages.length).toBeGreaterThan(5);
});

test.for(withFiles)('the examples of $name compile against the published types', async ({ name }) => {
  expect(await compile(name)).toBe('');
});

test.for(carriedOut)(
  'the examples of $name print the documented output, and its tests pass',
  { timeout: 300_000 },
  async ({ name, files, sessions }) => {
    const project = openPackageProject(files);
    await compile(name, project);
    try {
      for (const session of sessions) await tryOut(session, project);
    } finally {
      await endRuns(project);
    }
    const tests = Object.keys(files).filter((file) => file.endsWith('.test.ts'));
    // One of them kills dozens of processes, and hundreds at night.
    for (const file of inTurn(tests, 2)) {
      const argv = ['--test', `out/${file.replace(/ts$/, 'js')}`];
      const { exitCode, output } = await project.run(process.execPath, argv, EVERY_CASE ? { NIGHTLY: '1' } : {});
      expect(exitCode, output).toBe(0);
      expect(output).toMatch(/# pass [1-9].*\n# fail 0/);
    }
  },
);

/** The link of a `host` block: one end of a pair, whose other end does not answer. */
const HOST =
  'ip link set lo up && ip link add eth0 type veth peer name far0 && ip link set eth0 up && ip link set far0 up';

async function tryOut({ needsHost, needsDocker, needsNft, typed }: Session, project: PackageProject): Promise<void> {
  if ((needsHost && !isRoot) || (needsDocker && !hasDocker) || (needsNft && !HAS_NFT)) return;
  if (needsDocker) await ensureImages(dockerHost());
  const mark = randomUUID();
  // The next command sees `$?` and the folder of the previous one.
  const lines = typed.flatMap(({ command, stdin }) => [
    stdin.length === 0 ? command : `${command} <<'${mark}'\n${stdin.join('\n')}\n${mark}`,
    `status=$?; echo; echo ${mark}; (exit $status)`,
  ]);
  const script = ['exec 2>&1', ...(needsHost ? [HOST] : []), ...lines, 'exit 0'].join('\n');
  const shell = ['sh', '-c', script];
  const [program = '', ...args] = needsHost ? ['unshare', '--net', ...shell] : shell;
  const { output } = await project.run(program, args, needsDocker ? { DOCKER_HOST: dockerHost() } : {});
  const outputs = output.split(`\n${mark}`);
  for (const [index, { command, shown }] of typed.entries()) {
    const printed = outputs[index] ?? '';
    expect(missingLines(shown, printed), `$ ${command}\n${printed}`).toEqual([]);
    if (shown.length === 0) expect(printed.trim(), `$ ${command}`).toBe('');
  }
}

/** Rolls back the runs that an example left paused or interrupted, which ends their private hosts. */
async function endRuns({ folder, environment, run }: PackageProject): Promise<void> {
  for (const status of ['paused', 'interrupted']) {
    const argv = ['runs', '--status', status, '--format', 'ids'];
    const { stdout } = await runSharedWf({ argv, cwd: folder, env: environment });
    for (const id of stdout.split('\n').filter((line) => line !== '')) await run('wf', ['rollback', id]);
  }
}
