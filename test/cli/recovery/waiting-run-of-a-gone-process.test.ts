import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { openHistory } from '../../../src/history/open.ts';
import { openPackageProject } from '../../support/command/package-project.ts';
import { runSharedWf } from '../../support/command/shared-wf.ts';
import { startWf } from '../../support/command/wf-process.ts';
import { runId } from '../../support/in-process/folder-host.ts';

/** Waits for an event or a timeout. */
const GATE = `import { defineWorkflow } from 'wf-engine';
import { setup } from 'xstate';
import { z } from 'zod';

const input = z.object({ ms: z.number() });
const machine = setup({
  types: { input: {} as z.output<typeof input>, context: {} as z.output<typeof input> },
  delays: { patience: ({ context }) => context.ms },
}).createMachine({
  context: ({ input }) => input,
  initial: 'gate',
  states: { gate: { after: { patience: 'end' }, on: { go: 'end' } }, end: { type: 'final' } },
});
export default defineWorkflow({ name: 'gate', version: '1', description: 'Waits', input, machine });
`;

/** Starts two runs, and is killed while both hibernate. */
const PROGRAM = `import { openEngine } from 'wf-engine';

const engine = await openEngine({ database: 'wf.db', workflows: ['workflows/gate.ts'] });
for (const [id, ms] of [['late', 3_600_000], ['soon', 8_000]]) {
  const run = await engine.start('gate', { ms }, { id });
  await run.send({ type: 'no' }).catch((thrown) => console.log(thrown.code, thrown.details.expected.join()));
  while (engine.run(id).status !== 'waiting') await new Promise((resolve) => setTimeout(resolve, 10));
}
console.log(engine.resumable().length);
// Both runs hibernate now, and each has refused its event.
process.kill(process.pid, 'SIGKILL');
`;

const NEXT_PROGRAM = `import { openEngine } from 'wf-engine';

const engine = await openEngine({ database: 'wf.db', workflows: ['workflows/gate.ts'] });
for (const { id, status } of engine.resumable()) {
  const run = await engine.resume(id);
  await run.send({ type: 'go' });
  console.log(id, status, (await run.record).status);
}
await engine.close();
`;

const listed = z.array(z.object({ id: z.string(), status: z.string() }));

test('a command and a program resume a waiting run whose process is dead', async () => {
  const project = openPackageProject({ 'workflows/gate.ts': GATE, 'program.mjs': PROGRAM, 'next.mjs': NEXT_PROGRAM });
  const killed = await project.run(process.execPath, ['program.mjs']);
  expect(killed).toEqual({ exitCode: undefined, output: 'E_EVENT_UNEXPECTED go\nE_EVENT_UNEXPECTED go\n0' });

  const inProject = (args: readonly string[]) => [...args, '--db', 'wf.db'];
  const wf = (...args: readonly string[]) =>
    runSharedWf({ argv: inProject(args), cwd: project.folder, env: project.environment });
  const runs = listed.parse((await wf('runs', '--json')).json());
  expect(runs.map(({ id, status }) => `${id} ${status}`)).toEqual(['soon interrupted', 'late interrupted']);
  expect((await wf('doctor')).stdout).toMatch(/soon, late stopped before the end/);

  // The run that waits for an hour delays neither the other run nor the end.
  const all = startWf(inProject(['resume', '--all']), { cwd: project.folder });
  await all.line(/^run late waits until /);
  const history = openHistory(path.join(project.folder, 'wf.db'));
  try {
    await vi.waitFor(() => expect(history.run(runId('soon'))?.status).toBe('succeeded'), 60_000);
    expect((await wf('resume', 'late')).stderr).toContain('E_LEASE_HELD');
    all.kill('SIGINT');
    const end = await all.end;
    expect(end).toMatchObject({
      exitCode: 130,
      stdout: expect.stringMatching(/^soon {2}gate {2}succeeded in .*\nlate {2}gate {2}waiting\n$/),
    });
    expect(history.run(runId('late'))).toMatchObject({ status: 'waiting', owner: null });
  } finally {
    history.close();
  }
  expect((await wf('doctor')).stdout).toMatch(/no process advances late/);
  expect((await wf('show', 'late')).stdout).toContain('next: wf resume late');

  const next = await project.run(process.execPath, ['next.mjs']);
  expect(next).toEqual({ exitCode: 0, output: 'late waiting succeeded' });
}, 180_000);
