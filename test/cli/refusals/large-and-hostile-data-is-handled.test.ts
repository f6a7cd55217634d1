import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { openProject } from '../../support/command/run-wf.ts';

vi.setConfig({ testTimeout: 120_000 });

const STATES = 2_000;
const LARGE = `
  import { defineStep, defineWorkflow } from 'wf-engine';
  import { setup } from 'xstate';
  import { z } from 'zod';
  const prints = defineStep({
    kind: 'large.prints', description: 'prints 50 MB', input: z.object({}), output: z.object({}),
    commands: () => [['yes']], rehearse: () => ({}),
    read: async (_input, context) => {
      context.record({ command: 'yes', output: 'y'.repeat(99).concat('\\n').repeat(500_000), exitCode: 0, startedAt: 1, durationMs: 1 });
      return {};
    },
  });
  const chain = Object.fromEntries(Array.from({ length: ${STATES} }, (_, n) => ['s' + n, n === ${STATES} - 1 ? { type: 'final' } : { always: 's' + (n + 1) }]));
  const machine = (states: any, initial: string) => setup({ actors: { prints } }).createMachine({ initial, states } as any);
  const workflow = (name: string, made: any) => defineWorkflow({ name, version: '1', description: name, input: z.object({}), machine: made });
`;

const project = openProject({
  'workflows/states.ts': `${LARGE} export default workflow('states', machine(chain, 's0'));`,
  'workflows/output.ts': `${LARGE} export default workflow('output', machine({ only: { invoke: { id: 'only', src: 'prints', input: {}, onDone: 'end' } }, end: { type: 'final' } }, 'only'));`,
});

test('a machine of 2,000 states is run, shown, drawn and checked', async () => {
  expect(await project.wf(['start', 'states', '--id', 'states'])).toMatchObject({ exitCode: 0 });
  for (const command of [
    ['show', 'states'],
    ['show', 'states', '--json'],
    ['graph', 'states', '--format', 'mermaid'],
    ['check', 'states'],
  ]) {
    const end = await project.sharedWf(command);
    expect(end, command.join(' ')).toMatchObject({ exitCode: 0, signal: undefined });
    expect(end.stdout).toContain(command[0] === 'check' ? 'nothing found' : 's1998');
  }
});

test('a run whose command prints 50 MB succeeds, and its evidence stays within bounds', async () => {
  expect(await project.wf(['start', 'output', '--id', 'output'])).toMatchObject({ exitCode: 0 });
  const logs = await project.wf(['logs', 'output']);
  expect(logs).toMatchObject({ exitCode: 0 });
  expect(logs.stdout.length).toBeGreaterThan(1_000);
  expect(logs.stdout.length).toBeLessThan(10_000_000);
});

test('a damaged or forged run file is refused and changes nothing; an intact one is imported', async () => {
  const small = openProject({
    'workflows/small.ts': `${LARGE} export default workflow('small', machine({ a: { always: 'b' }, b: { type: 'final' } }, 'a'));`,
  });
  expect(await small.sharedWf(['start', 'small', '--id', 'small'])).toMatchObject({ exitCode: 0 });
  const file = path.join(small.folder, 'run.json');
  expect(await small.sharedWf(['export', 'small', '-o', file])).toMatchObject({ exitCode: 0 });
  const text = readFileSync(file, 'utf8');
  const bad: Readonly<Record<string, string>> = {
    empty: '',
    cut: text.slice(0, -20),
    'no object': '[]',
    deep: '['.repeat(100_000),
    prototype: text.replace('{', '{"__proto__":{"format":"wf.run"},'),
    'path as id': text.replaceAll('"small"', '"../../etc"'),
    'control as id': text.replaceAll('"small"', '"a\\u001b[2J"'),
  };
  const database = ['--db', path.join(small.folder, 'other.db')];
  for (const [name, content] of Object.entries(bad)) {
    const end = await small.sharedWf(['import', small.write('bad.json', content), '--json', ...database]);
    expect(end, name).toMatchObject({ exitCode: 2, signal: undefined });
    expect(end.json(), name).toMatchObject({ error: { code: 'E_RUN_FILE_INVALID' } });
    expect(end.stderr).toBe('');
  }
  expect((await small.sharedWf(['runs', '--json', ...database])).json()).toEqual([]);
  expect(await small.sharedWf(['import', file, ...database])).toMatchObject({ exitCode: 0 });
  expect((await small.sharedWf(['runs', '--json', ...database])).json()).toMatchObject([{ id: 'small' }]);
});
