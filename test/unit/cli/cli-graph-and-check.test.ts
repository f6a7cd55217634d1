import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { check } from '../../../src/cli/commands/building/check.ts';
import { graph } from '../../../src/cli/commands/reviewing/graph.ts';
import { openServices } from '../../../src/cli/services/open-services.ts';
import { openFolderWf } from '../../fixtures/cli/folder-services.ts';
import { testTerminal } from '../../fixtures/cli/test-terminal.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'wf-graph-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs one of the two commands with the real services, on a database of its own. */
async function carryOut(
  command: typeof graph,
  given: Readonly<Record<string, unknown>>,
  { columns, database = path.join(folder, 'none.db') }: { readonly columns?: number; readonly database?: string } = {},
) {
  const terminal = testTerminal(columns === undefined ? {} : { columns, env: { NO_COLOR: '1' } });
  const services = await openServices({ database, report: () => {} });
  onTestFinished(() => services.close());
  const exitCode = await command(given, services, terminal);
  return { exitCode, ...terminal.written };
}

const FIXTURES = fileURLToPath(new URL('../../fixtures/workflows/', import.meta.url));

/** A workflow file with these states. */
function workflowFile(name: string, states: string): string {
  const file = path.join(folder, `${name}.ts`);
  writeFileSync(
    file,
    `import { defineWorkflow } from 'wf-engine';
import { execRead, execCommand } from 'wf-engine/steps';
import { setup } from 'xstate';
import { z } from 'zod';
const machine = setup({ actors: { execRead, execCommand } }).createMachine({ initial: 'one', states: ${states} });
export default defineWorkflow({ name: '${name}', version: '1', description: 'd', input: z.object({}), machine });
`,
  );
  return file;
}

describe('wf graph', () => {
  test('draws a workflow, by name or by file, in each format', async () => {
    const byName = await carryOut(graph, { of: 'lab-network' }, { columns: 80 });
    expect(byName).toMatchObject({ exitCode: 0, err: '' });
    expect(byName.out.split('\n')[0]).toBe('lab-network  version 1');
    const of = path.join(FIXTURES, 'note.ts');
    expect((await carryOut(graph, { of })).out).toContain('note.file');
    expect((await carryOut(graph, { of, format: 'mermaid' })).out).toMatch(/^stateDiagram-v2\n/);
    expect((await carryOut(graph, { of, format: 'dot' })).out).toMatch(/^digraph "note" \{\n/);
    expect((await carryOut(graph, { of, format: 'svg' })).out).toMatch(/^<svg xmlns=/);
    const json = await carryOut(graph, { of, format: 'json' });
    expect(JSON.parse(json.out)).toMatchObject({ id: 'note', initial: 'write' });
    expect((await carryOut(graph, { of, json: true })).out).toBe(json.out);
    const wrapped = JSON.parse((await carryOut(graph, { of, format: 'dot', json: true })).out);
    expect(wrapped).toEqual({ format: 'dot', file: null, text: expect.stringMatching(/^digraph/) });
  });

  test('draws a run from its stored definition, without the workflow file', async () => {
    const folderWf = openFolderWf();
    await folderWf.wf(['start', 'files', '--id', 'mine', '--input', 'broken=true']);
    const database = path.join(path.dirname(folderWf.host.folder), 'wf.db');
    const drawn = await carryOut(graph, { of: 'mine' }, { columns: 80, database });
    expect(drawn).toMatchObject({ exitCode: 0, err: '' });
    expect(drawn.out.split('\n')).toEqual([
      'files  version 1  run mine  rolled-back',
      '',
      '✓ ● setup',
      '✓     make  test.file  done ⇒ test',
      '✗ ○ test',
      '✗     look  test.look  done → teardown',
      '· ○ teardown',
      '·     takeAway  test.revert  done → done',
      '· ◎ done',
      '',
      '● initial state  ○ state  ◎ end',
      '✓ passed  ▶ the run is here  ✗ failed here  ■ stopped here  · did not run',
      '⇒ taken',
      '',
    ]);
    const json = JSON.parse((await carryOut(graph, { of: '@latest', format: 'json' }, { database })).out);
    expect(json.meta.wf).toEqual({ run: 'mine', status: 'rolled-back', mark: 'failed' });
    expect(json.states.test.meta.wf).toEqual({ mark: 'failed', steps: { look: 'failed' } });
    expect(json.states.setup.invoke[0].onDone[0].meta.wf).toEqual({ taken: 1 });
  });

  test('refuses a name that is neither a workflow nor a run', async () => {
    await expect(carryOut(graph, { of: 'lab-netwrok' })).rejects.toMatchObject({
      code: 'E_WORKFLOW_NOT_FOUND',
      message: '"lab-netwrok" is neither a workflow nor a run',
      hint: expect.stringMatching(/Did you mean lab-network\? .*`wf runs`/),
    });
    await expect(carryOut(graph, { of: './nothing.ts' })).rejects.toMatchObject({ code: 'E_WORKFLOW_NOT_FOUND' });
  });

  test('draws the workflow of the lab within 5 s of processor time', async () => {
    const before = process.cpuUsage();
    await carryOut(graph, { of: 'lab-network', format: 'svg' });
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(5_000);
  });
});

describe('wf check', () => {
  test('checks all workflows by default, and exits with 0 if none has an error', async () => {
    const all = await carryOut(check, {}, { columns: 80 });
    expect(all).toMatchObject({ exitCode: 0, err: '' });
    expect(all.out).toMatch(/^lab-network {2}ok {2}1 warning\n {2}warning no-on-error: /);
    for (const line of all.out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('exits with 2 on an error, and prints the reason and the next step of each finding', async () => {
    const file = workflowFile(
      'broken',
      `{ one: { invoke: { id: 'a', src: 'execCommand', input: { argv: ['touch', 'x'] }, onDone: 'end', onError: 'end' } }, lost: { always: 'end' }, end: { type: 'final' } }`,
    );
    const printed = await carryOut(check, { workflow: file }, { columns: 80 });
    expect(printed.exitCode).toBe(2);
    expect(printed.out).toMatchInlineSnapshot(`
      "broken  not ok  2 errors
        error unreachable-state: lost
          no run reaches this state: no transition that can be taken leads to it
          next: Make it the target of the step before it (\`onDone\`), or remove it.
        error no-undo: a
          its change cannot be undone: a rollback leaves it in place, and the run
            needs attention
          next: Add an \`undo\` to its input; use \`undo: ['true']\` for a command that
            leaves nothing behind.
      "
    `);
    const json = await carryOut(check, { workflow: file, json: true });
    expect(json.exitCode).toBe(2);
    expect(JSON.parse(json.out)).toMatchObject([
      { workflow: 'broken', file, ok: false, findings: [{ check: 'unreachable-state' }, { check: 'no-undo' }] },
    ]);
  });

  test('lists all errors of a workflow that the loader refuses', async () => {
    const file = workflowFile(
      'refused',
      `{ one: { entry: () => {}, invoke: { id: 'a', src: 'execRead', input: { argv: ['x'] }, onDone: 'two' } }, two: { invoke: { id: 'a', src: 'execRead', input: { argv: ['x'] }, onDone: 'end' } }, end: { type: 'final' } }`,
    );
    const json = await carryOut(check, { workflow: file, json: true });
    expect(json.exitCode).toBe(2);
    expect(JSON.parse(json.out)[0].findings).toMatchObject([
      { check: 'refused', severity: 'error', message: expect.stringContaining('a function; only assign') },
      { check: 'refused', severity: 'error', message: expect.stringContaining('the invoke id a is used twice') },
    ]);
    writeFileSync(file, 'export const x = 1;');
    const other = await carryOut(check, { workflow: workflowFile('empty', 'undefined').replace('empty', 'refused') });
    expect(other.exitCode).toBe(2);
  });

  test('refuses an unknown workflow', async () => {
    await expect(carryOut(check, { workflow: 'lab-netwrok' })).rejects.toMatchObject({ code: 'E_WORKFLOW_NOT_FOUND' });
  });
});
