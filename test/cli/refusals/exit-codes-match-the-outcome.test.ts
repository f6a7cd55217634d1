import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PinnedConnection } from '../../../src/sqlite/pinned-connection.ts';
import { canActAsOrdinaryUser } from '../../support/command/ordinary-user.ts';
import { expectNoStackTrace } from '../../support/command/refusal.ts';
import { refusalSchema, runRecordSchema } from '../../support/command/run-record.ts';
import { openProject, type Project, type WfEnd, withoutDatabase } from '../../support/command/run-wf.ts';
import { untilRunning } from '../../support/host/processes.ts';
import { inTurn } from '../../support/rotation.ts';
import { FOLDERS_WORKFLOW, foldersRun, openFoldersProject } from '../../support/workflows/folders.ts';
import { NOTE_WORKFLOW } from '../../support/workflows/note.ts';

/** A busy machine takes ten times as long. */
const PATIENCE_MS = 300_000;

const project = openProject({ 'workflows/folders.ts': FOLDERS_WORKFLOW, 'workflows/note.ts': NOTE_WORKFLOW });
const noDefect = (end: WfEnd) => expect(`${end.stdout}${end.stderr}`).not.toMatch(/E_INTERNAL|defect in wf/);

/** Whether Node itself aborted for lack of a resource, which no program can handle. */
const endedByNode = ({ signal, stderr }: WfEnd) =>
  signal === 'SIGABRT' || signal === 'SIGTRAP' || /Native stack trace|Fatal process OOM/.test(stderr);

function errorOf(end: WfEnd) {
  noDefect(end);
  return refusalSchema.parse(end.json()).error;
}

// This test is first because it waits the longest, and the others run beside it.
test.concurrent(
  'a run whose database another process keeps locked is interrupted, and wf resume completes it',
  async () => {
    const project = openFoldersProject();
    const run = foldersRun(project);
    const wf = run.start('--json');
    await wf.line(/^first {2}makeOne .* ok /);
    await untilRunning(new RegExp(`/${run.id} two `));
    const other = new PinnedConnection(project.database);
    other.exec('BEGIN EXCLUSIVE');
    run.go();
    const end = await wf.end;
    // A change is in place, and no process advances the run.
    expect([end.exitCode, errorOf(end)]).toMatchObject([5, { code: 'E_DATABASE_LOCKED' }]);
    expectNoStackTrace(end);
    expect(withoutDatabase(project, end.stderr)).toContain(
      `\`wf resume ${run.id}\` resumes it, \`wf rollback ${run.id}\` undoes it`,
    );
    expect(run.folders()).toContain('one');
    other.exec('ROLLBACK');
    other.close();
    const resumed = await project.sharedWf(['resume', run.id, '--json']);
    const record = runRecordSchema.parse(resumed.json());
    expect({ exitCode: resumed.exitCode, status: record.status }).toEqual({ exitCode: 0, status: 'succeeded' });
    expect(record.verification).toMatchObject({ restored: true, residues: [] });
    expect(run.folders()).toEqual([]);
  },
  PATIENCE_MS,
);

describe.concurrent(
  'a false Docker engine',
  () => {
    const answers: Readonly<Record<string, (socket: Socket) => void>> = {
      'speaks SMTP': (socket) => void socket.end('220 mail ready\r\n'),
      'is a web server': (socket) =>
        void socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>')),
      'answers with other JSON': (socket) =>
        void socket.once('data', () =>
          socket.end('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]'),
        ),
      'closes the connection': (socket) => void socket.end(),
      'never answers': () => {},
      'stops in the middle of an answer': (socket) =>
        void socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{"ID":')),
    };

    test.for(inTurn(Object.entries(answers), 2))(
      'makes wf start exit with 3 if it %s',
      async ([what, answer], { onTestFinished }) => {
        const socket = path.join(project.folder, `${what.replace(/\W/g, '')}.sock`);
        const server = createServer((client) => {
          client.on('error', () => {});
          answer(client);
        });
        await once(server.listen(socket), 'listening');
        onTestFinished(() => void server.close());
        const env = { DOCKER_HOST: `unix://${socket}` };
        const [started, swept] = await Promise.all([
          project.sharedWf(['start', 'lab-network', '--runtime', 'docker', '--json'], { env }),
          project.sharedWf(['sweep', '--json'], { env }),
        ]);
        for (const end of [started, swept]) noDefect(end);
        expect([started.exitCode, swept.exitCode]).toEqual([3, 3]);
      },
    );
  },
  PATIENCE_MS,
);

/** Returns a PATH that begins with a program of this name that never ends. */
function hanging(name: string): Record<string, string> {
  const folder = path.join(project.folder, `hanging-${name}`);
  mkdirSync(folder);
  writeFileSync(path.join(folder, name), '#!/bin/sh\nexec sleep 300\n', { mode: 0o755 });
  return { PATH: `${folder}:${process.env['PATH'] ?? ''}` };
}

test.concurrent(
  'an `ip` that hangs times out, and wf start exits with 3',
  async () => {
    const args = ['start', 'lab-network', '--runtime', 'embedded', '--json'];
    const end = await project.wf(args, { env: hanging('ip') });
    expect([end.exitCode, errorOf(end).message]).toEqual([3, expect.stringContaining('timed out after')]);
  },
  PATIENCE_MS,
);

describe.concurrent('a process limit', () => {
  const limited = (limit: string, args: readonly string[]) =>
    project.wf(args, { through: ['bash', '-c', `${limit}; exec "$0" "$@"`] });

  test(
    'on open files leaves nothing in place, and is not reported as a defect of wf',
    async () => {
      for (const most of inTurn([20, 21, 23, 24, 28, 34, 40], 3)) {
        const run = foldersRun(project);
        const root = path.join(project.folder, run.id);
        const end = await limited(`ulimit -n ${most}`, ['start', 'folders', '--json', '--input', `root=${root}`]);
        if (endedByNode(end)) continue;
        noDefect(end);
        expect([most, run.folders()]).toEqual([most, []]);
        expect([0, 1, 3], `${most}: ${end.stdout}${end.stderr}`).toContain(end.exitCode);
      }
    },
    PATIENCE_MS,
  );

  test(
    'on open files makes a start on the embedded runtime exit with 3',
    async () => {
      for (const most of inTurn([26, 30, 36], 2)) {
        const end = await limited(`ulimit -n ${most}`, ['start', 'lab-network', '--runtime', 'embedded', '--json']);
        if (endedByNode(end)) continue;
        noDefect(end);
        expect([most, end.exitCode]).toEqual([most, 3]);
      }
    },
    PATIENCE_MS,
  );

  test(
    'on memory is not reported as a defect of wf',
    async () => {
      for (const most of inTurn([1_000_000, 1_500_000, 3_000_000], 2)) {
        const end = await limited(`ulimit -v ${most}`, ['start', 'folders', '--json', '--input', 'root=/nowhere']);
        if (endedByNode(end)) continue;
        noDefect(end);
        expect([1, 3], `${most}: ${end.stdout}${end.stderr}`).toContain(end.exitCode);
      }
    },
    PATIENCE_MS,
  );

  test.skipIf(!canActAsOrdinaryUser())(
    'on processes is not reported as a defect of wf, and a failed run is undone',
    async () => {
      const user = 50_000 + (process.pid % 10_000);
      // The folder contains the locks of this user.
      onTestFinished(() => rmSync(`/tmp/wf-${user}`, { recursive: true, force: true }));
      const theirs = path.join(project.folder, 'theirs');
      mkdirSync(theirs);
      chownSync(theirs, user, user);
      for (let folder = theirs; folder !== '/'; folder = path.dirname(folder)) {
        if (folder.startsWith(path.dirname(project.folder))) chmodSync(folder, 0o755);
      }
      const through = ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', 'bash', '-c'];
      const env = { HOME: theirs, XDG_CACHE_HOME: theirs, WF_DB: path.join(theirs, 'wf.db') };
      const limited = (limit: string) =>
        project.wf(['start', 'folders', '--json', '--input', `root=${theirs}`], {
          env,
          through: [...through, `ulimit -u ${limit}; exec "$0" "$@"`],
        });
      // This run also fills the cache of the user.
      expect(await limited('unlimited')).toMatchObject({ exitCode: 0 });
      const codes = new Set<number | undefined>();
      for (const most of inTurn([11, 12, 13, 14, 16], 2)) {
        const end = await limited(`${most}`);
        if (endedByNode(end)) continue;
        noDefect(end);
        // wf undid the changes that it made before it met the limit.
        if (end.exitCode === 1) expect(end.json()).toMatchObject({ verification: { restored: true } });
        else codes.add(end.exitCode);
      }
      expect([0, 3]).toEqual(expect.arrayContaining([...codes]));
    },
    PATIENCE_MS,
  );
});

test.each(['__proto__', 'constructor', 'toString'])('an input named %s is refused as unknown', async (name) => {
  const typed = await project.sharedWf(['start', 'folders', '--json', '--input', 'root=/x', '--input', `${name}=x`]);
  expect([typed.exitCode, errorOf(typed)]).toMatchObject([
    2,
    { code: 'E_INPUT', message: expect.stringContaining(name) },
  ]);
  const file = project.write(`${name}.json`, `{"root": "/x", "${name}": "x"}`);
  const read = await project.sharedWf(['start', 'folders', '--json', '--input-file', file]);
  expect([read.exitCode, errorOf(read)]).toMatchObject([
    2,
    { code: 'E_INPUT', message: expect.stringContaining(name) },
  ]);
});

test('a NUL character in a command line fails the step, and the run is rolled back', async () => {
  const file = project.write('nul.json', JSON.stringify({ file: path.join(project.folder, 'nul'), command: 'tr\0ue' }));
  const end = await project.sharedWf(['start', 'note', '--json', '--input-file', file]);
  noDefect(end);
  expect([end.exitCode, end.json()]).toMatchObject([
    1,
    {
      status: 'rolled-back',
      error: { code: 'E_STEP_INPUT', message: 'the name of the program contains a NUL character' },
    },
  ]);
});

describe('workflow code that throws outside a step', () => {
  const thrown: Readonly<Record<string, string>> = {
    'an error in a timer': "throw new Error('boom')",
    'an unhandled rejection': "void Promise.reject(new Error('boom'))",
    'a value that is not an error': "throw 'boom'",
  };

  function throwing(work: string): Project {
    const text = `import { existsSync } from 'node:fs';
const timer = setInterval(() => {
  if (!existsSync('throw')) return;
  clearInterval(timer);
  ${work};
}, 10);
${FOLDERS_WORKFLOW}`;
    return openProject({ 'workflows/folders.ts': text });
  }

  test.concurrent.for(inTurn(Object.entries(thrown), 3))(
    'ends wf with 5 and a hint while a change is in place (%s)',
    async ([, work]) => {
      const own = throwing(work);
      const run = foldersRun(own);
      const wf = run.start('--json');
      await wf.line(/^first {2}makeOne .* ok /);
      own.write('throw', '');
      const end = await wf.end;
      expect([end.exitCode, errorOf(end)]).toMatchObject([
        5,
        { code: 'E_UNCAUGHT', message: expect.stringContaining('boom') },
      ]);
      expect(withoutDatabase(own, end.stderr)).toContain(
        `\`wf resume ${run.id}\` resumes it, \`wf rollback ${run.id}\` undoes it`,
      );
      expect(run.folders()).toContain('one');
      const undone = await own.sharedWf(['rollback', run.id]);
      expect([undone.exitCode, run.folders()]).toEqual([0, []]);
    },
  );

  test('is not reported as a defect of wf before a run starts', async () => {
    const own = throwing("throw new Error('boom')");
    own.write('throw', '');
    const wf = own.start(['check', 'folders', '--json']);
    noDefect(await wf.end);
  });
});
