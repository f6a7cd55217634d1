import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { canActAsOrdinaryUser, ORDINARY_USER } from '../../support/command/ordinary-user.ts';
import { expectNoStackTrace, expectRefusal, expectTextRefusal } from '../../support/command/refusal.ts';
import { runSummariesSchema } from '../../support/command/run-record.ts';
import { openProject, type Project } from '../../support/command/run-wf.ts';

const LAB_ON_DOCKER = ['start', 'lab-network', '--runtime', 'docker'];
const NOWHERE = { env: { DOCKER_HOST: 'unix:///nowhere/docker.sock' } };

test('the embedded runtime refuses a workflow or a step that needs a Docker engine', async () => {
  const fixture = (name: string) =>
    readFileSync(new URL(`../../fixtures/workflows/${name}.ts`, import.meta.url), 'utf8');
  const project = openProject({
    'workflows/containers.ts': fixture('../kit/containers'),
    'workflows/private-image.ts': fixture('private-image'),
  });
  const refusal = {
    exitCode: 3,
    code: 'E_RUNTIME_UNAVAILABLE',
    message: ['needs a Docker engine: the embedded runtime has none'],
    next: 'Start the run with `--runtime docker`',
  };
  const given = (inputs: readonly string[]) => [
    '--runtime',
    'embedded',
    ...inputs.flatMap((text) => ['--input', text]),
  ];
  await expectTextRefusal(project, ['start', 'containers', ...given(['image=alpine', 'other=x'])], refusal);
  await expectNoRun(project);
  const inputs = given(['image=alpine', 'reference=alpine', 'password=correct horse']);
  const end = await project.sharedWf(['start', 'private-image', ...inputs]);
  expect(end.exitCode).toBe(1);
  expect(end.stderr + end.stdout).toContain(
    'E_RUNTIME_UNAVAILABLE: container dksecret-app with options needs a Docker engine',
  );
});

describe.concurrent('a machine without a Docker engine', () => {
  const project = openProject();
  const refusal = {
    exitCode: 3,
    code: 'E_DOCKER_UNREACHABLE',
    message: ['/nowhere/docker.sock', 'DOCKER_HOST'],
    next: 'Start that engine',
  };

  test('refuses the lab on Docker and records no run', async () => {
    await expectTextRefusal(project, LAB_ON_DOCKER, refusal, NOWHERE);
    await expectRefusal(project, [...LAB_ON_DOCKER, '--on-failure', 'keep'], refusal, NOWHERE);
    await expectNoRun(project);
  });

  test.for<[what: string, host: string]>([
    ['a host that does not answer', 'tcp://127.0.0.1:1'],
    ['a malformed address', 'nonsense://x'],
    ['a folder', 'unix:///tmp'],
  ])('refuses the lab if DOCKER_HOST is %s: %s', async ([, host]) => {
    const wf = await project.sharedWf([...LAB_ON_DOCKER, '--json'], { env: { DOCKER_HOST: host } });
    expect(wf.exitCode).toBe(3);
    expect(wf.json()).toMatchObject({ error: { code: 'E_DOCKER_UNREACHABLE', hint: expect.stringMatching(/./) } });
    expectNoStackTrace(wf);
  });

  test('makes wf doctor report the missing engine, the next step and the available runtime', async () => {
    const text = await project.sharedWf(['doctor'], NOWHERE);
    expect(text).toMatchObject({ exitCode: 0, stderr: '' });
    expect(text.stdout).toMatch(/^warning +docker engine +E_DOCKER_UNREACHABLE: /m);
    expect(text.stdout).toMatch(/^ +next: Start that engine/m);
    expect(text.stdout).toMatch(/^ok +private host +available/m);
    expectNoStackTrace(text);
    const json = await project.sharedWf(['doctor', '--json'], NOWHERE);
    expect(json).toMatchObject({ exitCode: 0, stderr: '' });
    const finding = z.strictObject({
      title: z.string(),
      purpose: z.string(),
      needed: z.boolean(),
      met: z.boolean(),
      found: z.string().nullable(),
      error: z.strictObject({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
    });
    const findings = z.array(finding).parse(json.json());
    expect(findings.find(({ title }) => title === 'docker engine')).toMatchObject({ met: false, found: null });
    expect(findings.filter(({ met, error }) => met === (error !== null))).toEqual([]);
  });

  test('runs the commands that need no engine', async () => {
    const fresh = openProject();
    for (const args of [
      ['workflows'],
      ['steps'],
      ['steps', 'net.veth'],
      ['runs'],
      ['changes'],
      ['--help'],
      ['--version'],
    ]) {
      const wf = await fresh.sharedWf(args, NOWHERE);
      expect({ args, exitCode: wf.exitCode }).toEqual({ args, exitCode: 0 });
    }
    expect(existsSync(fresh.database)).toBe(false);
  });
});

// Without an engine, wf refuses the lab because of the missing engine.
describe.skipIf(process.env['WF_TEST_DOCKER'] !== '1')('a machine without nsenter', () => {
  test('refuses the lab and names the package to install', async () => {
    const project = openProject();
    // wf also searches the tool folders of the system, independently of PATH, and finds ip there.
    const refusal = { exitCode: 3, code: 'E_TOOL_MISSING', message: ['nsenter'], next: 'util-linux' };
    await expectRefusal(project, LAB_ON_DOCKER, refusal, { env: { PATH: project.folder } });
  });
});

describe.skipIf(!canActAsOrdinaryUser()).concurrent('an ordinary user', () => {
  test('gets a permission error for an engine socket without access', async ({ onTestFinished }) => {
    const project = openProject();
    const { socket, server } = await privateSocket(project);
    onTestFinished(() => void server.close());
    opened(project);
    const through = { through: ORDINARY_USER, env: { DOCKER_HOST: `unix://${socket}`, WF_DB: '' } };
    const refusal = { exitCode: 3, code: 'E_PERMISSION', message: [socket], next: 'docker' };
    await expectTextRefusal(project, LAB_ON_DOCKER, refusal, through);
    await expectRefusal(project, LAB_ON_DOCKER, refusal, through);
  });

  test('gets the missing permission reported by wf doctor', async () => {
    const project = openProject();
    opened(project);
    const doctor = await project.wf(['doctor'], {
      env: { ...NOWHERE.env, WF_DB: '' },
      through: ORDINARY_USER,
    });
    expect(doctor).toMatchObject({ exitCode: 0, stderr: '' });
    expect(doctor.stdout).toMatch(/^warning +right to administer the network +E_PERMISSION: .*CAP_NET_ADMIN/m);
    expect(doctor.stdout).toMatch(/^ +next: Run it as root/m);
    expectNoStackTrace(doctor);
  });
});

/** The socket of an engine that only its owner may use. */
async function privateSocket(project: Project) {
  const socket = path.join(project.folder, 'docker.sock');
  const server = createServer((connection) => connection.destroy());
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  chmodSync(socket, 0o600);
  return { socket, server };
}

/** Opens the project to other users, and makes a folder that they may write to. */
function opened({ folder }: Project): void {
  chmodSync(path.dirname(folder), 0o755);
  chmodSync(folder, 0o755);
  mkdirSync(path.join(folder, 'data'));
  chmodSync(path.join(folder, 'data'), 0o777);
}

async function expectNoRun(project: Project): Promise<void> {
  const runs = await project.sharedWf(['runs', '--json']);
  expect(runSummariesSchema.parse(runs.json())).toEqual([]);
}
