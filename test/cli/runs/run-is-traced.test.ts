import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { describe, expect, type TestContext, test } from 'vitest';
import { openPackageProject } from '../../support/command/package-project.ts';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { openProject, type Project, type RunningWf } from '../../support/command/run-wf.ts';
import {
  type OtlpReceiver,
  openGrpcReceiver,
  openOtlpReceiver,
  portOf,
  type ReceivedSpan,
} from '../../support/otlp-receiver.ts';
import { chosen } from '../../support/rotation.ts';
import { FOLDERS_WORKFLOW, foldersRun, killInSecond, openFoldersProject } from '../../support/workflows/folders.ts';
import { openNoteProject } from '../../support/workflows/note.ts';

type Context = Pick<TestContext, 'onTestFinished'>;

/** A collector that is closed after the test. */
async function collector({ onTestFinished }: Context, open = openOtlpReceiver): Promise<OtlpReceiver> {
  const receiver = await open();
  onTestFinished(() => receiver.close());
  return receiver;
}

const to = ({ endpoint }: Pick<OtlpReceiver, 'endpoint'>) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
  // The tests of other files take the processors too.
  OTEL_EXPORTER_OTLP_TIMEOUT: '30000',
});

const SERVER = 2;
const ERROR = 2;

const named = ({ spans }: OtlpReceiver, name: string) => spans.filter((span) => span.name === name);
const idsOf = (spans: readonly ReceivedSpan[]) => spans.map(({ spanId }) => spanId);

const spansIn = ({ spans }: OtlpReceiver) => spans.map(({ name, spanId }) => `${name} ${spanId}`).join(', ');

/** The only span with this name. */
function only(receiver: OtlpReceiver, name: string): ReceivedSpan {
  const [span, ...more] = named(receiver, name);
  if (span === undefined || more.length > 0) {
    throw new Error(`not one span ${name}, but: ${spansIn(receiver)}`);
  }
  return span;
}

const startNote = (project: Project, ...more: readonly string[]) => [
  ...['start', 'note', '--json', '--input', `file=${path.join(project.folder, 'the note')}`],
  ...more,
];

test.concurrent('a run that succeeds arrives as one trace: the run, the turn of its process, its steps and attempts', async (context) => {
  const receiver = await collector(context);
  const project = openNoteProject();
  const names = { OTEL_SERVICE_NAME: 'changes', OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test' };
  const wf = project.start(startNote(project), { env: { ...to(receiver), ...names } });
  const end = await wf.end;
  expect(end.exitCode, end.stderr).toBe(0);
  expect(end.stderr).not.toContain('E_TRACES');
  const { id, createdAt, finishedAt, definitionHash, steps } = runRecordSchema.parse(end.json());

  const root = only(receiver, 'RUN note');
  expect(root).toMatchObject({
    parentSpanId: '',
    kind: SERVER,
    startTimeUnixNano: Date.parse(createdAt),
    endTimeUnixNano: Date.parse(finishedAt ?? ''),
    status: { code: 0, message: '' },
    attributes: {
      'cicd.pipeline.action.name': 'RUN',
      'cicd.pipeline.result': 'success',
      'wf.run.status': 'succeeded',
      'wf.definition.hash': definitionHash,
      'wf.host.restored': true,
    },
    resource: {
      'service.name': 'changes',
      'service.version': expect.stringMatching(/^\d+\.\d+\.\d+/),
      'deployment.environment.name': 'test',
      'telemetry.sdk.language': 'nodejs',
      'host.name': expect.stringMatching(/./),
      'cicd.pipeline.name': 'note',
      'cicd.pipeline.run.id': id,
      'process.pid': wf.pid,
    },
  });
  expect(new Set(receiver.spans.map(({ traceId }) => traceId))).toEqual(new Set([root.traceId]));
  const turn = only(receiver, 'turn start');
  expect(turn).toMatchObject({ parentSpanId: root.spanId, attributes: { 'wf.run.status': 'succeeded' } });
  for (const step of steps) {
    const span = only(receiver, step.id);
    expect(span).toMatchObject({
      parentSpanId: root.spanId,
      status: { code: 0 },
      attributes: {
        'cicd.pipeline.task.name': step.id,
        'cicd.pipeline.task.run.id': step.id,
        'cicd.pipeline.task.run.result': 'success',
        'wf.step.kind': step.kind,
        'wf.step.stage': step.stage,
      },
      links: [{ spanId: turn.spanId }],
    });
    const attempts = named(receiver, 'attempt').filter(({ parentSpanId }) => parentSpanId === span.spanId);
    expect(attempts).toMatchObject([
      { attributes: { 'wf.attempt.number': 1, 'wf.attempt.outcome': 'succeeded' }, links: [{ spanId: turn.spanId }] },
    ]);
  }
  expect(receiver.spans).toHaveLength(2 + 2 * steps.length);
});

test.concurrent('the trace of a run that failed has its error, each change with its final status, and each undo', async (context) => {
  const receiver = await collector(context);
  const project = openFoldersProject();
  const run = foldersRun(project, to(receiver));
  run.go();
  const end = await run.carryOut('--input', 'command=false', '--json');
  expect(end.exitCode, end.stderr).toBe(1);
  const { changes, error } = runRecordSchema.parse(end.json());
  expect(changes).toHaveLength(3);

  const root = only(receiver, 'RUN folders');
  const failed = { code: ERROR, message: error?.message };
  expect(root).toMatchObject({
    status: failed,
    attributes: {
      'cicd.pipeline.result': 'failure',
      'error.type': 'E_HOST_COMMAND',
      'wf.run.status': 'rolled-back',
      'wf.host.restored': true,
    },
  });
  expect(only(receiver, 'runProgram')).toMatchObject({
    status: failed,
    attributes: { 'cicd.pipeline.task.run.result': 'failure', 'error.type': 'E_HOST_COMMAND' },
  });
  const event = (name: string) => (change: (typeof changes)[number]) => ({
    name,
    attributes: {
      'wf.change.seq': change.seq,
      'wf.change.kind': change.kind,
      'wf.change.target': change.target,
      'wf.change.status': 'reverted',
      'wf.step.id': change.step,
    },
  });
  expect(root.events).toMatchObject(changes.map(event('wf.change')));
  const [rollback, ...undone] = only(receiver, 'turn start').events;
  expect(rollback).toMatchObject({ name: 'wf.rollback', attributes: { 'error.type': 'E_HOST_COMMAND' } });
  expect(undone).toMatchObject(changes.toReversed().map(event('wf.undo')));
});

test.concurrent('a run that is killed and resumed by another process is one trace with two turns and no span is lost', async (context) => {
  const receiver = await collector(context);
  const project = openFoldersProject();
  const run = foldersRun(project, to(receiver));
  await killInSecond(run);
  // The killed process had no time to send anything.
  expect(receiver.spans).toEqual([]);
  run.go();
  const resuming = project.start(['resume', run.id, '--json'], { env: to(receiver) });
  const end = await resuming.end;
  expect(end.exitCode, end.stderr).toBe(0);
  const { createdAt } = runRecordSchema.parse(end.json());

  const root = only(receiver, 'RUN folders');
  expect(root).toMatchObject({
    startTimeUnixNano: Date.parse(createdAt),
    attributes: { 'cicd.pipeline.result': 'success' },
  });
  expect(new Set(receiver.spans.map(({ traceId }) => traceId)).size).toBe(1);
  const [first, second] = [only(receiver, 'turn start'), only(receiver, 'turn resume')];
  expect(first).toMatchObject({
    parentSpanId: root.spanId,
    status: { code: ERROR },
    attributes: { 'wf.run.status': 'interrupted', 'error.type': 'E_INTERRUPTED' },
  });
  expect(second).toMatchObject({
    parentSpanId: root.spanId,
    status: { code: 0 },
    links: [{ spanId: first.spanId }],
    resource: { 'process.pid': resuming.pid },
  });
  expect(first.resource['process.pid']).not.toBe(resuming.pid);
  expect(first.endTimeUnixNano).toBeLessThanOrEqual(second.startTimeUnixNano);
  // The killed process had ended its first step.
  expect(only(receiver, 'makeOne')).toMatchObject({ links: [{ spanId: first.spanId }] });
  const two = only(receiver, 'makeTwo');
  expect(two).toMatchObject({
    status: { code: 0 },
    attributes: { 'cicd.pipeline.task.run.result': 'success', 'wf.step.attempts': 2 },
    links: [{ spanId: first.spanId }, { spanId: second.spanId }],
  });
  const attempts = named(receiver, 'attempt').filter(({ parentSpanId }) => parentSpanId === two.spanId);
  expect(attempts).toMatchObject([
    { status: { code: ERROR }, attributes: { 'wf.attempt.outcome': 'interrupted' }, links: [{ spanId: first.spanId }] },
    { status: { code: 0 }, attributes: { 'wf.attempt.outcome': 'succeeded' }, links: [{ spanId: second.spanId }] },
  ]);
  expect(new Set(idsOf(receiver.spans)).size).toBe(receiver.spans.length);
});

test.concurrent('a paused run is resumed in the same trace, and neither process sends a span of the other', async (context) => {
  const receiver = await collector(context);
  const project = openFoldersProject();
  const run = foldersRun(project, to(receiver));
  run.go();
  expect(await run.carryOut('--pause-after', 'first')).toMatchObject({ exitCode: 0 });
  expect(receiver.spans.map(({ name }) => name)).toEqual(['attempt', 'makeOne', 'turn start']);
  expect(only(receiver, 'turn start')).toMatchObject({
    status: { code: 0 },
    attributes: { 'wf.run.status': 'paused' },
  });
  const end = await project.wf(['resume', run.id], { env: to(receiver) });
  expect(end.exitCode, end.stderr).toBe(0);
  const root = only(receiver, 'RUN folders');
  expect(new Set(receiver.spans.map(({ traceId }) => traceId))).toEqual(new Set([root.traceId]));
  expect(new Set(idsOf(receiver.spans)).size).toBe(receiver.spans.length);
  expect(only(receiver, 'turn start').parentSpanId).toBe(root.spanId);
});

/** Waits for the end of a command, and returns how long it took after its result. */
async function endAfterResult(wf: RunningWf) {
  await wf.printed(/^\}$/);
  const since = performance.now();
  return { end: await wf.end, afterMs: performance.now() - since };
}

describe.concurrent('a collector', () => {
  /** The exporter itself tries for ten seconds; two are left to this machine. */
  const BOUND_MS = 8_000;

  test('that never answers delays a command by two seconds at most, and fails no run', async (context) => {
    const silent = createServer(() => {});
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    context.onTestFinished(() => void silent.close());
    const project = openNoteProject();
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${portOf(silent.address())}` };
    const { end, afterMs } = await endAfterResult(project.start(startNote(project), { env }));
    expect(end.exitCode, end.stderr).toBe(0);
    expect(runRecordSchema.parse(end.json()).status).toBe('succeeded');
    expect(end.stderr).toMatch(/^warning E_TRACES: .*the collector did not take the last spans within 2 s$/m);
    expect(afterMs).toBeLessThan(BOUND_MS);
  });

  test('that is absent changes neither the exit code nor the result of a run that fails', async () => {
    const closed = createServer();
    closed.listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${portOf(closed.address())}` };
    closed.close();
    await once(closed, 'close');
    const project = openNoteProject();
    const { end, afterMs } = await endAfterResult(
      project.start(startNote(project, '--input', 'command=false'), { env }),
    );
    expect(end.exitCode).toBe(1);
    expect(runRecordSchema.parse(end.json())).toMatchObject({
      status: 'rolled-back',
      error: { code: 'E_HOST_COMMAND' },
    });
    expect(end.stderr).toMatch(/^warning E_TRACES: traces are not exported: the collector did not take/m);
    expect(afterMs).toBeLessThan(BOUND_MS);
  });

  test('that refuses is reported once', async (context) => {
    const receiver = await collector(context);
    const project = openNoteProject();
    const env = { ...to(receiver), OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.endpoint}/elsewhere` };
    const end = await project.sharedWf(startNote(project), { env });
    expect(end.exitCode, end.stderr).toBe(0);
    expect(end.stderr.match(/E_TRACES/g)).toHaveLength(1);
    expect(end.stderr).toContain('the collector did not take them: Not Found');
  });
});

describe.concurrent('the environment', () => {
  const PROTOCOLS = [
    ['http/json', openOtlpReceiver],
    ['grpc', openGrpcReceiver],
  ] as const;
  test.for(chosen(PROTOCOLS))('chooses the protocol %s', async ([protocol, open], context) => {
    const receiver = await collector(context, open);
    const project = openNoteProject();
    const end = await project.wf(startNote(project), {
      env: { ...to(receiver), OTEL_EXPORTER_OTLP_PROTOCOL: protocol },
    });
    expect(end.exitCode, end.stderr).toBe(0);
    expect(only(receiver, 'RUN note').attributes).toMatchObject({ 'cicd.pipeline.result': 'success' });
    expect(only(receiver, 'turn start').parentSpanId).toBe(only(receiver, 'RUN note').spanId);
  });

  test('chooses the sampler, which drops the whole trace', async (context) => {
    const receiver = await collector(context);
    const project = openNoteProject();
    const end = await project.wf(startNote(project), { env: { ...to(receiver), OTEL_TRACES_SAMPLER: 'always_off' } });
    expect(end.exitCode).toBe(0);
    expect(end.stderr).not.toContain('E_TRACES');
    expect(receiver.bodies).toEqual([]);
  });
});

test.concurrent('the exported trace contains no part of a secret', async (context) => {
  const receiver = await collector(context);
  const password = 'Tr4ced-s3cret';
  const workflow = readFileSync(new URL('../../fixtures/workflows/deploy.ts', import.meta.url), 'utf8');
  const project = openProject({ 'workflows/deploy.ts': workflow });
  const root = mkdtempSync(path.join(project.folder, 'deploy-'));
  const inputs = [`root=${root}`, 'password=@env:DEPLOY_PASSWORD', 'exitCode=3'].flatMap((each) => ['--input', each]);
  const env = { ...to(receiver), DEPLOY_PASSWORD: password };
  const end = await project.sharedWf(['start', 'deploy', '--id', path.basename(root), ...inputs], { env });
  expect(end.exitCode, end.stderr).toBe(1);
  expect(only(receiver, 'RUN deploy').status.message).toContain('wf-secret:password:');
  const bytes = Buffer.concat(receiver.bodies).toString('latin1');
  for (const trace of [
    password,
    Buffer.from(password).toString('base64').slice(0, 12),
    Buffer.from(password).toString('hex'),
  ])
    expect(bytes).not.toContain(trace);
});

describe('without the packages of OpenTelemetry', () => {
  const NOTE = readFileSync(new URL('../../fixtures/workflows/note.ts', import.meta.url), 'utf8');

  test('a run loads none of them unless traces are configured and the packages are complete and trusted', async () => {
    const project = openPackageProject({ 'workflows/note.ts': NOTE }, 'own');
    const packages = path.join(project.folder, 'node_modules/@opentelemetry');
    rmSync(packages);
    const run = async (...traces: readonly string[]) => {
      const args = ['start', 'note', '--db', 'wf.db', '--input', `file=${project.folder}/note`];
      const env = Object.fromEntries(traces.map((exporter) => ['OTEL_TRACES_EXPORTER', exporter]));
      const { exitCode, output } = await project.run('wf', args, env);
      expect(exitCode, output).toBe(0);
      return output;
    };
    const missing = await run('otlp');
    expect(missing.match(/E_TRACES/g)).toHaveLength(1);
    expect(missing).toContain(
      'npm install @opentelemetry/api@1.9 @opentelemetry/resources@2 @opentelemetry/sdk-trace-base@2 @opentelemetry/exporter-trace-otlp-proto@0.223',
    );
    // Packages that leave a trace when they are executed.
    const loaded = path.join(project.folder, 'loaded');
    const text = `require('node:fs').writeFileSync(${JSON.stringify(loaded)}, ''); throw new Error('poisoned');`;
    const names = ['api', 'resources', 'sdk-trace-base', 'exporter-trace-otlp-proto'];
    project.write(Object.fromEntries(names.map((name) => [`node_modules/@opentelemetry/${name}/index.js`, text])));
    await run();
    expect(existsSync(loaded)).toBe(false);
    const api = path.join(packages, 'api/index.js');
    if (process.getuid?.() === 0) {
      chownSync(api, 4242, 4242);
      expect(await run('otlp')).toContain(
        'warning E_UNTRUSTED: the package @opentelemetry/api could have been written by another user',
      );
      expect(existsSync(loaded)).toBe(false);
      chownSync(api, 0, 0);
    }
    expect(await run('otlp')).toContain('the packages of OpenTelemetry cannot be loaded: poisoned');
    expect(existsSync(loaded)).toBe(true);
  });

  test('a program that embeds wf gets the same traces, and has sent all of them when its engine is closed', async (context) => {
    const receiver = await collector(context);
    const project = openPackageProject({ 'workflows/folders.ts': FOLDERS_WORKFLOW });
    project.write({
      'program.mjs': `import { openEngine } from 'wf-engine';
const engine = await openEngine({ database: 'wf.db', workflows: ['workflows/folders.ts'] });
const input = { root: process.cwd() };
const runs = await Promise.all([1, 2].map((number) => engine.start('folders', { ...input, root: input.root + '/made' + number })));
for (const run of runs) console.log(run.id, (await run.record).status);
await engine.close();
process.exit(0);
`,
      'made1/log': '',
      'made2/log': '',
    });
    const { exitCode, output } = await project.run(process.execPath, ['program.mjs'], to(receiver));
    expect(exitCode, output).toBe(0);
    const runs = output.split('\n').map((line) => line.split(' ')[0]);
    const roots = named(receiver, 'RUN folders');
    expect(roots.map(({ resource }) => resource['cicd.pipeline.run.id']).toSorted()).toEqual(runs.toSorted());
    expect(new Set(roots.map(({ traceId }) => traceId)).size).toBe(2);
    for (const { traceId } of roots) {
      expect(receiver.spans.filter((span) => span.traceId === traceId)).toHaveLength(2 + 2 * 5);
    }
  });
});
