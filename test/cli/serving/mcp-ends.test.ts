import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { WF } from '../../support/command/run-wf.ts';
import { running, untilRunning } from '../../support/host/processes.ts';
import { openNoteProject } from '../../support/workflows/note.ts';

const project = openNoteProject();

interface Served {
  readonly child: ChildProcessWithoutNullStreams;
  send(...messages: readonly object[]): void;
  /** Resolves to the exit code and the outputs. */
  readonly end: Promise<{ exitCode: number | null; answers: readonly z.output<typeof answerSchema>[]; stderr: string }>;
}

const answerSchema = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.number(),
  result: z.looseObject({}).optional(),
  error: z.looseObject({}).optional(),
});

/** Starts `wf mcp` without the client of the SDK. */
function serve(): Served {
  const child = spawn(process.execPath, [WF, 'mcp'], { cwd: project.folder, env: project.environment });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  child.stdin.on('error', () => {});
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  const end = Promise.all([exited, text(child.stdout), text(child.stderr)]).then(([exitCode, stdout, stderr]) => {
    const lines = stdout.split('\n').slice(0, -1);
    return { exitCode, answers: lines.map((line) => answerSchema.parse(JSON.parse(line))), stderr };
  });
  // A test that closes standard output does not read it.
  end.catch(() => {});
  return {
    child,
    send: (...messages) => {
      for (const message of messages) child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    },
    end,
  };
}

const call = (id: number, name: string, args = {}) => ({ id, method: 'tools/call', params: { name, arguments: args } });

test('a client that closes its output still gets the answers to its calls, and the server ends', async () => {
  const { child, send, end } = serve();
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'pipe', version: '1' } };
  send({ id: 1, method: 'initialize', params }, { method: 'notifications/initialized' });
  send({ id: 2, method: 'tools/list' }, call(3, 'list_runs'), call(4, 'describe_workflow', { workflow: 'note' }));
  child.stdin.end();
  const { exitCode, answers } = await end;
  expect(exitCode).toBe(0);
  expect(answers.map(({ id }) => id).toSorted()).toEqual([1, 2, 3, 4]);
  expect(answers.find(({ id }) => id === 1)).toMatchObject({
    result: { protocolVersion: '2025-06-18', serverInfo: { name: 'wf' } },
  });
  expect(answers.find(({ id }) => id === 3)).toMatchObject({ result: { structuredContent: { runs: [], next: null } } });
});

test('garbage is reported on standard error, and does not end the server', async () => {
  const { child, send, end } = serve();
  child.stdin.write('garbage\n{"jsonrpc":"2.0"}\n[]\n\u001b[2J\n');
  child.stdin.write(Buffer.from([0xff, 0xfe, 0x00, 0x0a]));
  send(
    { id: 1, method: 'tools/call', params: { name: 5 } },
    { id: 2, method: 'no/such/method' },
    { id: 3, result: {} },
  );
  send(call(4, 'show_run', { run: '@latest' }));
  // Nested more deeply than JSON.stringify follows.
  const deep = `{"file":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  const planned = `"params":{"name":"plan_run","arguments":{"workflow":"note","input":${deep}}}`;
  child.stdin.write(`{"jsonrpc":"2.0","id":5,"method":"tools/call",${planned}}\n`);
  child.stdin.end('{"jsonrpc":"2.0","id":6');
  const { exitCode, answers, stderr } = await end;
  expect(exitCode).toBe(0);
  expect(answers.toSorted((a, b) => a.id - b.id)).toMatchObject([
    { id: 1, error: {} },
    { id: 2, error: { code: -32601 } },
    { id: 4, result: { isError: true } },
    { id: 5, result: { isError: true } },
  ]);
  expect(stderr.split('\n').filter((line) => line !== '').length).toBeGreaterThan(4);
  expect(stderr).not.toContain('\u001b');
});

test('a message that is too long ends the server, and a line on stderr gives the reason', async () => {
  const { child, end } = serve();
  child.stdin.write('x'.repeat(2 * 1024 * 1024));
  expect(await end).toMatchObject({
    exitCode: 0,
    answers: [],
    stderr: expect.stringContaining('exceeded maximum size'),
  });
});

describe('while a command that only reads is under way', () => {
  const id = 'mcp-waited-for';
  const wait = new RegExp(`^\\S+ ${WF} wait .* ${id}$`);

  beforeAll(async () => {
    const [file, waitFor] = ['note.txt', 'note.go'].map((name) => path.join(project.folder, name));
    const inputs = ['--input', `file=${file}`, '--input', `waitFor=${waitFor}`];
    expect(await project.wf(['start', 'note', '--id', id, '--detach', ...inputs])).toMatchObject({ exitCode: 0 });
  });
  afterAll(async () => {
    expect(await project.sharedWf(['cancel', id])).toMatchObject({ exitCode: 0 });
  });

  test('a cancelled call ends its command, and not the server', async () => {
    const { child, send, end } = serve();
    send(call(1, 'wait_for_run', { run: id, seconds: 50 }));
    await untilRunning(wait, 20_000);
    send({ method: 'notifications/cancelled', params: { requestId: 1, reason: 'enough' } });
    await expect.poll(() => running(wait)).toEqual([]);
    send({ id: 2, method: 'ping' });
    child.stdin.end();
    expect(await end).toMatchObject({ exitCode: 0, answers: [{ id: 2, result: {} }] });
  });

  test.each<[string, (served: Served) => void]>([
    ['a stop signal', ({ child }) => child.kill('SIGTERM')],
    [
      'a client that has left',
      ({ child, send }) => {
        child.stdout.destroy();
        send({ id: 2, method: 'ping' });
      },
    ],
  ])('%s ends the server and the command at once', async (_what, stop) => {
    const served = serve();
    served.send(call(1, 'wait_for_run', { run: id, seconds: 50 }));
    await untilRunning(wait, 20_000);
    const began = performance.now();
    stop(served);
    await new Promise((resolve) => served.child.once('exit', resolve));
    expect(served.child.exitCode).toBe(0);
    expect(performance.now() - began).toBeLessThan(20_000);
    await expect.poll(() => running(wait)).toEqual([]);
  });
});
