import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { expectNoStackTrace } from '../../support/command/refusal.ts';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { openProject, type Project } from '../../support/command/run-wf.ts';
import { chosen, inTurn } from '../../support/rotation.ts';
import { openNoteProject } from '../../support/workflows/note.ts';

vi.setConfig({ testTimeout: 120_000 });

/** A workflow file of that name, with this code at its top level. */
function workflowFile(name: string, code: string, guard = 'true'): string {
  return `
    import { setup } from 'xstate';
    import { z } from 'zod';
    import { defineWorkflow } from 'wf-engine';
    import fs from 'node:fs';
    ${code}
    export default defineWorkflow({
      name: '${name}', version: '1', description: 'one of many', input: z.object({}),
      machine: setup({}).createMachine({
        initial: 'first',
        states: { first: { always: { guard: () => ${guard}, target: 'last' } }, last: { type: 'final' } },
      }),
    });`;
}

/** Top-level code of a workflow file, and a part of the message that the file is refused with. */
type Bad = Readonly<Record<string, { readonly code: string; readonly message: string }>>;

/** Occupies the thread for ever, but leaves the processor to other tests. */
const LOOP = 'for (const cell = new Int32Array(new SharedArrayBuffer(4)); ; ) Atomics.wait(cell, 0, 0, 10);';
const ENDLESS: Bad = {
  'never-loads': { code: 'await new Promise(() => {});', message: 'did not finish within 20 s' },
  'loops-at-once': { code: LOOP, message: 'did not finish within 20 s' },
};
const BAD: Bad = {
  exits: { code: 'process.exit(0);', message: 'called process.exit(0)' },
  'exits-after-await': { code: 'await null; process.exit(0);', message: 'called process.exit(0)' },
  'exits-soon': { code: 'setTimeout(() => process.exit(0), 0);', message: 'called process.exit(0)' },
  aborts: { code: 'process.abort();', message: 'called process.abort()' },
  'kills-itself': { code: "process.kill(process.pid, 'SIGKILL');", message: `called process.kill(` },
  'throws-soon': { code: "setTimeout(() => { throw new Error('late'); }, 0);", message: 'late' },
  rejects: { code: "void Promise.reject(new Error('nobody waits'));", message: 'nobody waits' },
};
const PRINTS = "console.log('HELLO'); process.stdout.write('HELLO'); fs.writeSync(1, 'HELLO'); console.table([1]);";

function openBadProject(bad: Bad = BAD): Project {
  const files = Object.entries(bad).map(([name, { code }]) => [`workflows/${name}.ts`, workflowFile(name, code)]);
  return openNoteProject({ ...Object.fromEntries(files), 'workflows/prints.ts': workflowFile('prints', PRINTS) });
}

test.concurrent.for(inTurn(Object.entries(ENDLESS), 2))(
  'wf workflows lists every file in one JSON document, even if some are bad, and one of them %s',
  async ([name, endless]) => {
    const bad = { ...BAD, [name]: endless };
    const listed = await openBadProject(bad).wf(['workflows', '--json']);
    const entry = z.object({ name: z.string(), error: z.object({ code: z.string(), message: z.string() }).nullable() });
    const entries = z.array(entry).parse(listed.json());
    expect(listed.exitCode).toBe(0);
    expect(listed.stderr).toContain('HELLO');
    const errors = Object.fromEntries(entries.map(({ name, error }) => [name, error]));
    expect(errors).toMatchObject({ note: null, prints: null, 'lab-network': null });
    for (const [name, { message }] of Object.entries(bad)) {
      expect(errors[name], name).toMatchObject({ code: 'E_WORKFLOW_INVALID' });
      expect(errors[name]?.message).toContain(message);
    }
  },
);

test.concurrent.for(inTurn(Object.entries({ ...BAD, ...ENDLESS }), 3))(
  'wf start %s is refused',
  async ([name, { message, code }]) => {
    const end = await openBadProject({ [name]: { message, code } }).wf(['start', name, '--json']);
    expect(end).toMatchObject({ exitCode: 2, signal: undefined });
    expect(end.json()).toMatchObject({ error: { code: 'E_WORKFLOW_INVALID' } });
    expect(end.stdout).toContain(message);
    expectNoStackTrace(end);
  },
);

test.concurrent.for(chosen(['check', 'doctor']))('wf %s reports each bad file', async (command) => {
  const end = await openBadProject().wf([command, '--json']);
  const named = Object.keys(BAD).filter((name) => end.stdout.includes(`workflow ${name}: `));
  expect(named).toEqual(Object.keys(BAD));
  expect(() => end.json()).not.toThrow();
});

test.concurrent('the output of a workflow file and of its guards goes to standard error', async () => {
  const guard = "(console.log('IN A GUARD'), fs.writeSync(1, 'IN A GUARD'), true)";
  const project = openProject({ 'workflows/prints.ts': workflowFile('prints', PRINTS, guard) });
  const end = await project.wf(['start', 'prints', '--json']);
  expect(end.exitCode, end.stderr).toBe(0);
  expect(runRecordSchema.parse(end.json())).toMatchObject({ status: 'succeeded' });
  expect(end.stderr).toContain('HELLO');
  expect(end.stderr).toContain('IN A GUARD');
});

const LOOPING = [
  ['a start', ['start']],
  ['a dry run', ['start', '--dry-run']],
] as const;
test.concurrent.for(chosen(LOOPING))('two SIGINTs end %s whose guard loops', async ([_when, command]) => {
  const guard = "(fs.writeSync(2, 'looping\\n'), (() => { for (;;); })())";
  const project = openProject({ 'workflows/loops.ts': workflowFile('loops', '', guard) });
  const [verb, ...options] = command;
  const wf = project.start([verb, 'loops', ...options]);
  await wf.line(/^looping$/);
  wf.kill('SIGINT');
  await sleep(200); // pending signals of one kind are merged
  wf.kill('SIGINT');
  expect(await wf.end).toMatchObject({ signal: 'SIGINT' });
});
