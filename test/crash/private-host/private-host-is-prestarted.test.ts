import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { refusalSchema } from '../../support/command/run-record.ts';
import { describeCrash, newRun } from '../../support/crash/crash-tests.ts';
import { privateProcessesIn } from '../../support/crash/processes.ts';
import { killIfThere } from '../../support/host/kill.ts';
import { chosen, inTurn } from '../../support/rotation.ts';

/** A workflow whose input check waits for the file `go`, then refuses. */
const SLOW = `
import { existsSync } from 'node:fs';
import { defineWorkflow } from 'wf-engine';
import { setup } from 'xstate';
import { z } from 'zod';
const sleeper = new Int32Array(new SharedArrayBuffer(4));
const isRight = () => {
  while (!existsSync('go')) Atomics.wait(sleeper, 0, 0, 5);
  return false;
};
export default defineWorkflow({
  name: 'slow',
  version: '1',
  description: 'slow to check its input',
  input: z.object({}).refine(isRight),
  machine: setup({}).createMachine({ initial: 'only', states: { only: { always: 'end' }, end: { type: 'final' } } }),
});
`;
/** Accepts its input once the file `go` is there, and needs a command on its host. */
const SLOW_AND_RIGHT = SLOW.replace("existsSync } from 'node:fs'", "existsSync, writeFileSync } from 'node:fs'")
  .replace('const isRight = () => {', "const isRight = () => {\n  writeFileSync('asked', '');")
  .replace('return false', 'return true')
  .replace(
    "name: 'slow'",
    `name: 'right', requirements: () => [{ title: 't', purpose: 'p', claim: null, check: async ({ command }) => {
      const { stdout } = await command.run(['echo', 'here'], { timeoutMs: 5_000 });
      return { met: true, found: stdout };
    } }]`,
  );
const START_SLOW = ['start', 'slow', '--runtime', 'embedded', '--id', 'early', '--json'];

async function open(name: 'app' | 'app-as-user') {
  const { subject, lane, before } = await newRun(name);
  lane.write('workflows/slow.ts', SLOW);
  rmSync(path.join(lane.folder, 'go'), { force: true });
  return {
    lane,
    async seen() {
      await expect
        .poll(() => privateProcessesIn(lane.folder).some(({ isFirst }) => isFirst), { timeout: 20_000 })
        .toBe(true);
    },
    async expectNothingLeft() {
      await expect.poll(() => privateProcessesIn(lane.folder), { timeout: 20_000 }).toEqual([]);
      expect(await subject.state()).toEqual(before);
    },
  };
}

describeCrash('a prestarted private host', () => {
  test.for(chosen(['app', 'app-as-user'] as const))(
    'ends if wf is killed during the input check (%s)',
    async (name) => {
      const { lane, seen, expectNothingLeft } = await open(name);
      const wf = lane.start(START_SLOW);
      await seen();
      wf.kill('SIGKILL');
      expect((await wf.end).signal).toBe('SIGKILL');
      await expectNothingLeft();
    },
  );

  test('belongs to one start, and ends if that start refuses its input', async () => {
    const { lane, seen, expectNothingLeft } = await open('app');
    const wf = lane.start(START_SLOW);
    await seen();
    expect((await lane.wf(['sweep', '--yes', '--json'])).json()).toMatchObject([{ run: 'early', status: 'in-use' }]);
    const rival = await lane.wf(START_SLOW);
    expect(refusalSchema.parse(rival.json()).error.code).toBe('E_RUN_EXISTS');
    lane.write('go', '');
    const end = await wf.end;
    expect(refusalSchema.parse(end.json()).error.code).toBe('E_INPUT');
    expect(end.exitCode).toBe(2);
    await expectNothingLeft();
  });

  const refused = [
    ['an unknown workflow', ['nothing'], 2],
    ['an unknown input', ['lab-network', '--input', 'nothing=1'], 2],
    ['a dry run', ['lab-network', '--dry-run'], 0],
  ] as const;
  test.for(inTurn(refused, 3))('leaves nothing behind after %s', async ([, args, exitCode]) => {
    const { lane, expectNothingLeft } = await open('app');
    const end = await lane.wf([
      'start',
      ...args,
      '--runtime',
      'embedded',
      ...(exitCode === 0 ? [] : ['--id', 'early']),
    ]);
    expect(end.exitCode, end.stderr).toBe(exitCode);
    await expectNothingLeft();
  });

  test('is replaced if it is killed before the run is in the database, and the run succeeds', async () => {
    const { lane, seen, expectNothingLeft } = await open('app');
    lane.write('workflows/right.ts', SLOW_AND_RIGHT);
    const wf = lane.start(['start', 'right', '--runtime', 'embedded', '--id', 'right', '--json']);
    await seen();
    await expect.poll(() => existsSync(path.join(lane.folder, 'asked')), { timeout: 20_000 }).toBe(true);
    for (const { pid, isFirst } of privateProcessesIn(lane.folder)) if (isFirst) killIfThere(pid);
    lane.write('go', '');
    const end = await wf.end;
    expect(end, `${end.stdout}${end.stderr}`).toMatchObject({ exitCode: 0 });
    await expectNothingLeft();
  });
});
