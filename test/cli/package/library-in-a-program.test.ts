import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { compileTogether, openPackageProject, type PackageProject } from '../../support/command/package-project.ts';
import { runSharedWf } from '../../support/command/shared-wf.ts';
import { testProgram } from '../../support/programs/test-program.ts';
import { ASKING_WORKFLOW } from '../../support/workflows/asking-workflow.ts';

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/workflows/${name}.ts`, import.meta.url), 'utf8');

/** The workflows of each program. `folders` makes three folders, and can wait for a file. */
const WORKFLOWS = {
  'workflows/folders.ts': fixture('folders'),
  'workflows/setting.ts': fixture('setting'),
  'workflows/asking.ts': ASKING_WORKFLOW,
};

/** The command that makes a folder, as crash points name it. */
const MAKING = `sh -ec '[ -z "$2" ] || until [ -e "$2" ]; do sleep 0.05; done; echo "$1" >> "$0/log"; mkdir "$0/$1"'`;

const OPEN = "const engine = await openEngine({ database: 'wf.db', workflows: [folders] });";

/** A program that prints the outcome of its run. */
function program(body: string): string {
  return `import { openEngine, WfError } from 'wf-engine';
import folders from './workflows/folders.ts';

const root = process.cwd();
const codeIn = (thrown: unknown) => (thrown instanceof WfError ? thrown.code : String(thrown));
const codeOf = (work: Promise<unknown>) => work.then(() => 'no error', codeIn);
void [root, folders, codeIn, codeOf];
${body}
`;
}

interface Ran {
  readonly project: PackageProject;
  /** Runs the first of the programs, or the one with this number, to its end. Returns the lines that it prints. */
  ran(number?: number): Promise<readonly string[]>;
  /** The same, in a process that all tests share: for a program that closes its engine and does not end the process. */
  ranTogether(number?: number): Promise<readonly string[]>;
}

const endSchema = z.object({ lines: z.array(z.string()), error: z.string().nullable() });
const together = fork(testProgram('cli/shared-program'), { cwd: '/', env: {}, execArgv: [] });
afterAll(() => void together.kill());

const sources = new Map<string, Readonly<Record<string, string>>>();
const compile = compileTogether(sources);

/** A test of programs, each of which must compile against the published types. */
function testPrograms(name: string, bodies: readonly string[], work: (ran: Ran) => Promise<void>): void {
  const programs = bodies.map((body, index) => [`program-${index + 1}.ts`, program(body)]);
  sources.set(name, { ...WORKFLOWS, ...Object.fromEntries(programs) });
  test(name, async () => {
    const project = openPackageProject(WORKFLOWS);
    mkdirSync(path.join(project.folder, 'made'));
    expect(await compile(name, project)).toBe('');
    const ran: Ran['ran'] = async (number = 1) => {
      const { exitCode, output } = await project.run(process.execPath, [`out/program-${number}.js`]);
      expect(exitCode, output).toBe(0);
      return output.split('\n');
    };
    const ranTogether: Ran['ranTogether'] = async (number = 1) => {
      const { folder, environment } = project;
      together.send({ file: path.join(folder, `out/program-${number}.js`), cwd: folder, env: environment });
      const [{ lines, error }] = z.tuple([endSchema]).parse((await once(together, 'message')).slice(0, 1));
      expect(error).toBe(null);
      return lines;
    };
    await work({ project, ran, ranTogether });
  });
}

testPrograms(
  'wf resumes a run that a program paused, by the same definition hash',
  [
    `import { existsSync } from 'node:fs';
const engine = await openEngine({ database: 'wf.db', workflows: ['workflows/folders.ts'] });
const run = await engine.start('folders', { root: root + '/made' }, { id: 'left', pauseAfter: 'first' });
console.log((await run.record).status, existsSync('made/one'));
await engine.close();`,
  ],
  async ({ project, ranTogether }) => {
    const printed = await ranTogether();
    expect(printed).toEqual(['paused true']);
    const { exitCode, output } = await project.run('wf', ['resume', 'left', '--db', 'wf.db']);
    expect(exitCode, output).toBe(0);
    expect(readFileSync(path.join(project.folder, 'made/log'), 'utf8').split('\n')).toEqual([
      ...['one', 'two', 'three', 'not three', 'not two', 'not one', ''],
    ]);
  },
);

testPrograms(
  'a run notifies people, and the engine waits for the notice before it closes',
  [
    `${OPEN}
import { readFileSync } from 'node:fs';
const fails = { root: root + '/made', command: 'false' };
const notifying = (script: string) => ({ notify: ['sh', '-c', script, root] as const });
const slowly = 'sleep 0.5; read -r record; echo "$WF_NOTIFY_REASON $record" > "$0/notice"';
const notified = await engine.start(folders, fails, { id: 'notified', ...notifying(slowly) });
const unnotified = await engine.start(folders, { root: root + '/made2', command: 'false' }, {
  id: 'unnotified',
  ...notifying('exit 7'),
  observer: { notNotified: ({ run, reason }, { code, message }) => console.log(run, reason, code, /exit code 7/.test(message)) },
});
console.log(await codeOf(engine.start(folders, fails, { notify: ['/no/such/program'] })));
console.log((await notified.record).status, (await unnotified.record).status);
await engine.close();
const [, reason, record] = /^(\\S+) (.*)/.exec(readFileSync('notice', 'utf8')) ?? [];
console.log(reason, JSON.parse(record ?? '').id);`,
  ],
  async ({ project, ranTogether }) => {
    mkdirSync(path.join(project.folder, 'made2'));
    const printed = (await ranTogether()).filter((line) => line !== '');
    expect(printed.toSorted()).toEqual([
      'E_TOOL_MISSING',
      'failed notified',
      'rolled-back rolled-back',
      'unnotified failed E_HOST_COMMAND true',
    ]);
  },
);

testPrograms(
  'close waits for the step under way, and the next program resumes the run',
  [
    `${OPEN}
const run = await engine.start(folders, { root: root + '/made' }, { observer: {
  committed: ({ event }) => { if (event.type === 'step.succeeded' && event.step === 'makeOne') void engine.close(); },
} });
console.log((await run.record).status);`,
    `${OPEN}
for (const { id, status } of engine.runs()) {
  console.log(status, (await (await engine.resume(id)).record).status, engine.run(id).changes.length);
}
await engine.close();`,
  ],
  async ({ project, ran, ranTogether }) => {
    const first = await ran(1);
    expect(first).toEqual(['interrupted']);
    expect(existsSync(path.join(project.folder, 'made/two'))).toBe(false);
    const second = await ranTogether(2);
    expect(second).toEqual(['interrupted succeeded 3']);
  },
);

testPrograms(
  'close returns at its time limit, and the next program resumes the run whose step had not ended',
  [
    `${OPEN}
const input = { root: root + '/made', waitFor: root + '/made/go' };
await engine.start(folders, input, { id: 'closed-late', observer: {
  committed({ event }) {
    if (event.type === 'step.succeeded' && event.step === 'makeOne') {
      void engine.close({ timeoutMs: 200 }).then(() => { console.log('closed'); process.exit(0); });
    }
  },
} });`,
    `${OPEN}
console.log((await (await engine.resume('closed-late')).record).status);
await engine.close();`,
  ],
  async ({ project, ran, ranTogether }) => {
    const first = await ran(1);
    expect(first).toEqual(['closed']);
    project.write({ 'made/go': '' });
    const second = await ranTogether(2);
    expect(second).toEqual(['succeeded']);
  },
);

testPrograms(
  'a program starts a run that has to be confirmed, extends its deadline, and confirms it',
  [
    `const engine = await openEngine({ database: 'wf.db', workflows: ['workflows/setting.ts'] });
console.log(await codeOf(engine.start('setting', { folder: root }, { confirm: { withinMs: 1, probe: 'none' } })));
const options = { id: 'from-a-program', confirm: { withinMs: 60_000, guard: false } };
const run = await engine.start('setting', { folder: root + '/made' }, options);
for await (const { event } of engine.subscribe(run.id)) if (event.type === 'unconfirmed') break;
console.log(engine.run(run.id).status, await codeOf(engine.pause(run.id)));
const [before, after] = [engine.run(run.id), await engine.confirm(run.id, { extendMs: 600_000, comment: 'lunch' })];
const deadline = ({ waitingFor }: typeof before) => Date.parse(waitingFor?.confirm?.deadline ?? '');
console.log(after.status, deadline(after) > deadline(before) + 500_000);
await engine.confirm(run.id);
console.log((await run.record).status, await codeOf(engine.confirm(run.id)));
await engine.close();`,
  ],
  async ({ project, ranTogether }) => {
    const printed = await ranTogether();
    expect(printed).toEqual([
      'E_USAGE',
      'unconfirmed E_REQUEST_REFUSED',
      'unconfirmed true',
      'succeeded E_REQUEST_REFUSED',
    ]);
    expect(existsSync(path.join(project.folder, 'made/two'))).toBe(true);
  },
);

testPrograms(
  'the run of a killed program is resumed',
  [
    `${OPEN}
await (await engine.start(folders, { root: root + '/made' }, { id: 'killed' })).record;
await engine.close();`,
    `${OPEN}
console.log(engine.run('killed').status);
console.log((await (await engine.resume('killed')).record).status);
await engine.close();`,
  ],
  async ({ project, ranTogether }) => {
    const shell = ['-c', '"$0" out/program-1.js; echo ended with $?', process.execPath];
    const killed = await project.run('sh', shell, { WF_CRASH_AT: `after touch makeTwo apply 1 ${MAKING}` });
    expect(killed.output).toContain('ended with 137');
    const printed = await ranTogether(2);
    expect(printed).toEqual(['interrupted', 'succeeded']);
    // wf made each folder once, although the process died while it made the second.
    const log = readFileSync(path.join(project.folder, 'made/log'), 'utf8').split('\n');
    expect(log).toEqual(['one', 'two', 'three', 'not three', 'not two', 'not one', '']);
  },
);

testPrograms(
  'a refused call throws an error code and starts no run',
  [
    `const engine = await openEngine({ database: 'wf.db', workflows: [folders] });
console.log(await codeOf(engine.start('nothing', {})));
console.log(await codeOf(engine.start('folders', { root: '/', wrong: 1 })));
console.log(await codeOf(engine.start(folders, { root: '' })));
console.log(await codeOf(engine.start(folders, { root: '/' }, { pauseAfter: 'nowhere' })));
console.log(await codeOf(engine.start(folders, { root: '/' }, { id: '-' })));
console.log(await codeOf(engine.resume('nobody')));
console.log(await codeOf(engine.rollBack('nobody')));
console.log(await codeOf(openEngine({ database: 'other.db', workflows: [folders, 'workflows/folders.ts'] })));
console.log(await codeOf(openEngine({ database: 'not-a-database' })));
// @ts-expect-error: the schema of the workflow requires a string
console.log(await codeOf(engine.start(folders, { root: 1 })));
console.log(engine.runs().length);
await engine.close();`,
  ],
  async ({ project, ranTogether }) => {
    writeFileSync(path.join(project.folder, 'not-a-database'), 'x'.repeat(5000));
    const printed = await ranTogether();
    expect(printed).toEqual([
      ...['E_WORKFLOW_NOT_FOUND', 'E_INPUT', 'E_INPUT', 'E_USAGE', 'E_USAGE', 'E_RUN_NOT_FOUND', 'E_RUN_NOT_FOUND'],
      ...['E_USAGE', 'E_DATABASE', 'E_INPUT', '0'],
    ]);
  },
);

test('the published types compile, and import only packages that are installed with wf', async () => {
  const project = openPackageProject({
    'program.ts': program('console.log(typeof openEngine);'),
    'workflows/folders.ts': WORKFLOWS['workflows/folders.ts'],
  });
  const options = ['--skipLibCheck', 'false', '--exactOptionalPropertyTypes', 'false', '--noEmit'];
  const { output } = await project.compile(options);
  expect(output).toBe('');
  const types = path.join(project.folder, 'node_modules/wf-engine/dist/types');
  const packages = readdirSync(types, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.d.ts'))
    .flatMap((name) => [
      ...readFileSync(path.join(types, name), 'utf8').matchAll(/(?:from |import\()['"]([^.'"][^'"]*)/g),
    ])
    .map(([, name = '']) => name);
  expect([...new Set(packages)].toSorted()).toEqual(['ipaddr.js', 'xstate', 'zod', 'zod/mini']);
});

testPrograms(
  'a run that nobody awaits does not end the program when its database disappears, and is resumed once it is back',
  [
    `import { renameSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
const engine = await openEngine({ database: 'wf.db', workflows: [folders] });
const run = await engine.start(folders, { root: root + '/made' }, { observer: {
  committed: ({ event }) => { if (event.type === 'step.succeeded' && event.step === 'makeOne') renameSync('wf.db', 'away.db'); },
} });
while (engine.runs().length === 1 && (await Promise.race([run.result.catch(() => 'gone'), setTimeout(10, 'under way')])) !== 'gone');
renameSync('away.db', 'wf.db');
console.log(await codeOf(run.result));
const { status, error } = await (await engine.resume(run.id)).record;
console.log(status, error?.message);
await engine.close();`,
  ],
  async ({ ran }) => {
    const printed = await ran();
    expect(printed).toEqual(['E_DATABASE', 'succeeded undefined']);
  },
);

testPrograms(
  'an unhandled failure of a run or of its record does not end the program',
  [
    `import { renameSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
const engine = await openEngine({ database: 'wf.db', workflows: [folders] });
const run = await engine.start(folders, { root: root + '/made' }, { observer: {
  committed: ({ event }) => { if (event.type === 'step.succeeded' && event.step === 'makeOne') renameSync('wf.db', 'away.db'); },
} });
void run.record;
await setTimeout(2_000);
console.log('continues');`,
  ],
  async ({ ran }) => {
    const printed = await ran();
    expect(printed).toEqual(['continues']);
  },
);

testPrograms(
  'close interrupts a run that is starting or resuming, and later starts are refused',
  [
    `const engine = await openEngine({ database: 'wf.db', workflows: [folders] });
const starting = engine.start(folders, { root: root + '/made' });
await engine.close();
console.log(await (await starting).result.then(({ type }) => type, codeIn));
console.log(await codeOf(engine.start(folders, { root: root + '/made' })));
await engine.close();
const next = await openEngine({ database: 'wf.db', workflows: [folders] });
const resuming = next.resume((await starting).id);
await next.close();
console.log(await (await resuming).result.then(({ type }) => type, codeIn));`,
  ],
  async ({ project, ranTogether }) => {
    const printed = await ranTogether();
    expect(printed).toEqual(['interrupted', 'E_USAGE', 'interrupted']);
    expect(existsSync(path.join(project.folder, 'made/three'))).toBe(false);
  },
);

testPrograms(
  'close stops resumeAll, which takes over no run that it does not resume',
  [
    `import { setTimeout } from 'node:timers/promises';
import { defineStep, defineWorkflow } from 'wf-engine';
import { setup } from 'xstate';
import { z } from 'zod';
const pause = defineStep({
  kind: 'test.pause', description: 'Waits.', input: z.object({}), output: z.object({}), commands: () => [], rehearse: () => ({}),
  async read() { await setTimeout(20); return {}; },
});
const machine = setup({ actors: { pause } }).createMachine({
  initial: 'one',
  states: {
    one: { invoke: { id: 'one', src: 'pause', input: {}, onDone: 'two' } },
    two: { invoke: { id: 'two', src: 'pause', input: {}, onDone: 'end' } },
    end: { type: 'final' },
  },
});
const pauses = defineWorkflow({ name: 'pauses', version: '1', description: 'Waits twice', input: z.object({}), machine });
const open = () => openEngine({ database: 'wf.db', workflows: [pauses] });
const first = await open();
const started = Array.from({ length: 30 }, () => first.start(pauses, {}));
await first.close();
await Promise.all(started);
const next = await open();
const resuming = next.resumeAll();
await next.close();
const resumed = await resuming;
console.log(resumed.filter((one) => 'run' in one).length, resumed.filter((one) => 'error' in one && one.error.code === 'E_USAGE').length);
const last = await open();
console.log(last.resumable().length, new Set(last.runs({ limit: 200 }).map(({ status }) => status)));
await last.close();`,
  ],
  async ({ ranTogether }) => {
    const printed = await ranTogether();
    expect(printed).toEqual(['10 20', "30 Set(1) { 'interrupted' }"]);
  },
);

testPrograms(
  'an observer that throws causes a warning and does not change the run',
  [
    `const engine = await openEngine({ database: 'wf.db', workflows: [folders] });
const warnings: string[] = [];
process.on('warning', ({ message }) => warnings.push(message));
const run = await engine.start(folders, { root: root + '/made' }, { observer: {
  committed: () => { throw new Error('no room'); },
} });
console.log((await run.record).status, warnings[0]);
await engine.close();`,
  ],
  async ({ ranTogether }) => {
    const printed = await ranTogether();
    expect(printed).toContain('succeeded an observer of a run failed: no room');
  },
);

testPrograms(
  'a program sends, pauses and cancels runs of other processes and of its own, and follows their journals',
  [
    `const engine = await openEngine({ database: 'wf.db', workflows: ['workflows/asking.ts'] });
console.log(await codeOf(engine.send('sent', { type: 'nothing' })));
const followed = (async () => { const types = []; for await (const { event } of engine.subscribe('sent')) types.push(event.type); return types; })();
const sent = await engine.send('sent', { type: 'approve', by: 'Ann' }, { comment: 'by a program' });
console.log(sent.requests.map(({ kind, comment, outcome }) => [kind, comment, outcome?.type].join(' ')).join('; '));
console.log((await followed).at(-1), engine.run('sent').status);
console.log((await engine.pause('stopped')).status, await codeOf(engine.send('stopped', { type: 'reject' })));
await engine.cancel('stopped');
for await (const _ of engine.subscribe('stopped', { fromSeq: 3 }));
console.log(engine.run('stopped').status, engine.run('stopped').error?.code);
console.log(engine.runs({ status: 'interrupted' }).map(({ id }) => id).join(), engine.runs({ limit: 1, after: 'stopped' }).map(({ id }) => id).join());
const [resumed] = await engine.resumeAll();
console.log(resumed?.id, resumed !== undefined && 'run' in resumed);
const late = AbortSignal.timeout(50);
console.log(await (async () => { for await (const _ of engine.subscribe('left', { signal: late })); })().catch((thrown) => thrown.name));
await engine.close();`,
    `const engine = await openEngine({ database: 'wf.db', workflows: ['workflows/asking.ts'] });
let waiting = 0;
const observer = { committed: ({ event }: { event: { type: string } }) => {
  // No process advances a run that only waits for an event or a timer of a killed process.
  if (event.type === 'waiting' && ++waiting === 3) process.kill(process.pid, 'SIGKILL');
} };
for (const id of ['sent', 'stopped', 'left']) await engine.start('asking', { folder: root }, { id, observer });`,
  ],
  async ({ project, ranTogether }) => {
    for (const line of ['first', 'second', 'third']) project.write({ [`${line}.go`]: '' });
    const killed = await project.run(process.execPath, ['out/program-2.js']);
    expect(killed).toMatchObject({ exitCode: undefined });
    const printed = await ranTogether();
    expect(printed).toEqual([
      'E_EVENT_UNEXPECTED',
      'send  refused; send by a program handled',
      'ended succeeded',
      'paused E_REQUEST_REFUSED',
      'rolled-back E_CANCELLED',
      'left sent',
      'left true',
      'TimeoutError',
    ]);
    const argv = ['rollback', 'left', '--db', 'wf.db'];
    const { folder, environment } = project;
    expect(await runSharedWf({ argv, cwd: folder, env: environment })).toMatchObject({ exitCode: 0 });
  },
);

testPrograms(
  'a program retries a failed run, and starts a rolled-back one anew',
  [
    `import { symlinkSync, rmSync } from 'node:fs';
const engine = await openEngine({ database: 'wf.db', workflows: [folders] });
const go = root + '/go';
const input = { root: root + '/made', command: go };
const ended = async (id: string) => {
  for await (const { event } of engine.subscribe(id)) void event;
  const { status, steps } = engine.run(id);
  return [status, ...steps.map(({ attempts }) => attempts)].join(' ');
};
for (const onFailure of ['keep', 'rollback'] as const) {
  const run = await engine.start(folders, input, { id: onFailure, onFailure });
  await run.record;
  console.log(await ended(run.id), await codeOf(engine.send(run.id, { type: 'x' })));
  symlinkSync('/bin/true', go);
  const retried = await engine.retry(run.id, { comment: 'repaired' });
  console.log(retried.id === run.id, retried.retryOf ?? null, await ended(retried.id));
  console.log(JSON.stringify(engine.run(run.id).requests.map(({ kind, comment, outcome }) => [kind, comment, outcome?.type])));
  console.log(await codeOf(engine.retry(run.id)));
  rmSync(go);
}
await engine.close();`,
  ],
  async ({ project, ranTogether }) => {
    const printed = await ranTogether();
    expect(printed).toEqual([
      ...['failed 1 1 1 1 E_REQUEST_REFUSED', 'true null succeeded 1 1 1 2 1', '[["retry","repaired","handled"]]'],
      ...['E_REQUEST_REFUSED', 'rolled-back 1 1 1 1 E_REQUEST_REFUSED', 'false rollback succeeded 1 1 1 1 1'],
      ...['[["retry","repaired","handled"]]', 'E_REQUEST_REFUSED'],
    ]);
    const log = readFileSync(path.join(project.folder, 'made/log'), 'utf8').split('\n');
    expect(log.slice(0, 6)).toEqual(['one', 'two', 'three', 'not three', 'not two', 'not one']);
  },
);

testPrograms(
  'a program saves a plan and applies it once, and the engine refuses an outdated plan',
  [
    `import { existsSync, mkdirSync } from 'node:fs';
const engine = await openEngine({ database: 'wf.db', workflows: ['workflows/folders.ts'] });
const input = { root: root + '/made' };
const plan = await engine.plan('folders', input, { id: 'planned' });
const other = await engine.plan(folders.name, input);
console.log(plan.run, plan.usedBy, plan.steps[0]?.observed?.found, engine.runs().length, existsSync('made/one'));
const [first, second] = await Promise.allSettled([engine.apply(plan.id ?? ''), engine.apply(plan.id ?? '')]);
console.log([first, second].map((each) => (each.status === 'fulfilled' ? 'started' : codeIn(each.reason))).sort().join(' '));
const started = first.status === 'fulfilled' ? first.value : second.status === 'fulfilled' ? second.value : undefined;
const record = await started?.record;
console.log(record?.id, record?.status, record?.plan === plan.id);
console.log(await codeOf(engine.apply(plan.id ?? '')), await codeOf(engine.apply('nothing')));
mkdirSync('made/one');
console.log(await codeOf(engine.apply(other.id ?? '')));
console.log(engine.plans().map(({ usedBy }) => usedBy).join(' '));
await engine.close();`,
  ],
  async ({ ranTogether }) => {
    const printed = await ranTogether();
    expect(printed).toEqual([
      'planned null absent 0 false',
      'E_PLAN_USED started',
      'planned succeeded true',
      'E_PLAN_USED E_PLAN_NOT_FOUND',
      'E_PLAN_OUTDATED',
      ' planned',
    ]);
  },
);
