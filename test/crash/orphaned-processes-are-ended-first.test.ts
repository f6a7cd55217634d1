import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { describeCrash } from '../support/crash/crash-tests.ts';
import { type Lane, openBareLane } from '../support/crash/lane.ts';
import { processesOf } from '../support/crash/processes.ts';
import { readRun } from '../support/crash/run-on-disk.ts';
import { killIfThere } from '../support/host/kill.ts';
import { chosen } from '../support/rotation.ts';

/**
 * One step that runs a slow program. The program logs when it begins and when it checks, and writes `late` after a delay:
 * an orphaned process is detected by its effect, not only by its pid.
 */
const WORKFLOW = `
import { defineWorkflow } from 'wf-engine';
import { execCommand, revertSteps } from 'wf-engine/steps';
import { setup } from 'xstate';
import { z } from 'zod';
export default defineWorkflow({
  name: 'slow', version: '1', description: 'runs a slow program',
  input: z.object({ seconds: z.string().default('0.2') }),
  machine: setup({ types: { context: {} as { seconds: string }, input: {} as { seconds: string } }, actors: { execCommand: execCommand.with({ alters: [] }), revertSteps } }).createMachine({
    context: ({ input }) => ({ seconds: input.seconds }),
    initial: 'work',
    states: {
      work: { invoke: { id: 'slow', src: 'execCommand', onDone: 'undo',
        input: ({ context }) => ({ argv: ['./slow', 'do', context.seconds], check: ['./slow', 'check'], undo: ['./slow', 'undo'] }) } },
      undo: { invoke: { id: 'undo', src: 'revertSteps', input: { steps: ['slow'] }, onDone: 'done' } },
      done: { type: 'final' },
    },
  }),
});
`;
/** Slow until the file `quick` exists. */
const PROGRAM = `#!/bin/sh
echo "$1 begins $$" >>story
case $1 in
  do) [ -e quick ] || sleep "$2"; echo "$$" >>late ;;
  check) [ -e late ] || exit 1 ;;
  undo) rm late ;;
esac
`;

async function slowProject(): Promise<Lane> {
  const lane = await openBareLane();
  onTestFinished(() => lane.close());
  lane.write('workflows/slow.ts', WORKFLOW);
  lane.write('slow', PROGRAM, 0o755);
  return lane;
}

async function untilLogged(file: string, pattern: RegExp): Promise<void> {
  while (!existsSync(file) || !pattern.test(readFileSync(file, 'utf8'))) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits until exactly these processes of a run are left: a shell may still be about to exec its program. */
async function untilLeft(run: string, commands: readonly string[]): Promise<void> {
  const left = () =>
    processesOf(run)
      .map(({ command }) => command)
      .sort();
  await expect.poll(left, { timeout: 20_000 }).toEqual(commands);
}

/** A process that differs from the orphaned one only in its mark. */
function startDecoy(lane: Lane, mark: string | undefined): number {
  const env = { PATH: process.env['PATH'] ?? '', ...(mark === undefined ? {} : { WF_PROCESS: mark }) };
  const decoy = spawn('sleep', ['97'], { stdio: 'ignore', env, cwd: lane.folder });
  onTestFinished(() => void decoy.kill('SIGKILL'));
  if (decoy.pid === undefined) throw new Error('sleep could not be started');
  return decoy.pid;
}

const runs = (pid: number) => existsSync(`/proc/${pid}`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

describeCrash('an orphaned process', () => {
  test.for(chosen(['resume', 'rollback'] as const))(
    'is ended by a %s before its step is checked, and other processes are not',
    async (verb) => {
      const lane = await slowProject();
      const story = path.join(lane.folder, 'story');
      const wf = lane.start(['start', 'slow', '--id', 'haunted', '--input', 'seconds=97']);
      await untilLogged(story, /do begins/);
      wf.kill('SIGKILL');
      await wf.end;
      await untilLeft('haunted', ['/bin/sh ./slow do 97', 'sleep 97']);
      const orphans = processesOf('haunted');

      const [first] = orphans;
      const mark = JSON.parse(first?.mark ?? '');
      const decoys = [
        startDecoy(lane, undefined),
        startDecoy(lane, JSON.stringify({ ...mark, run: 'another' })),
        startDecoy(lane, JSON.stringify({ ...mark, owner: { ...mark.owner, startTime: '1' } })),
        startDecoy(lane, 'haunted'),
      ];
      lane.write('quick', '');
      const recovered = await lane.wf([verb, 'haunted', '--json']);
      expect(recovered.exitCode, recovered.stdout + recovered.stderr).toBe(0);
      expect(orphans.filter(({ pid }) => runs(pid))).toEqual([]);
      expect(decoys.filter(runs)).toEqual(decoys);

      // Never two at once: the orphan is gone before the check, and before the second program begins.
      const events = readFileSync(story, 'utf8')
        .split('\n')
        .map((line) => line.split(' ')[0]);
      const afterTheKill = events.slice(events.indexOf('do') + 1).filter((what) => what !== '');
      expect(afterTheKill[0]).toBe('check');
      expect(afterTheKill.filter((what) => what === 'do')).toHaveLength(verb === 'resume' ? 1 : 0);
      expect(existsSync(path.join(lane.folder, 'late'))).toBe(false);
      expect(readRun(lane.database, 'haunted')?.run.status).toBe(verb === 'resume' ? 'succeeded' : 'rolled-back');
    },
  );

  test('is ended before its change is checked if it was undoing', async () => {
    const lane = await slowProject();
    const story = path.join(lane.folder, 'story');
    lane.write('quick', '');
    // Slow in its undo instead: it removes `late` after a delay.
    lane.write('slow', PROGRAM.replace('undo) rm late', 'undo) [ -e fast ] || sleep 97; rm late'), 0o755);
    const wf = lane.start(['start', 'slow', '--id', 'undoing']);
    await untilLogged(story, /undo begins/);
    wf.kill('SIGKILL');
    await wf.end;
    await untilLeft('undoing', ['/bin/sh ./slow undo', 'sleep 97']);
    const orphans = processesOf('undoing');
    lane.write('fast', '');
    const rolledBack = await lane.wf(['rollback', 'undoing', '--json']);
    expect(rolledBack.exitCode, rolledBack.stdout + rolledBack.stderr).toBe(0);
    expect(orphans.filter(({ pid }) => runs(pid))).toEqual([]);
    expect(existsSync(path.join(lane.folder, 'late'))).toBe(false);
  });

  test('is not ended if a completed step left it running', async () => {
    const lane = await slowProject();
    const story = path.join(lane.folder, 'story');
    lane.write('quick', '');
    // A service, for wf: the step started it and completed.
    const service = 'do) setsid sleep 96 >service.out 2>&1 </dev/null & echo "$!" >service;';
    lane.write('slow', PROGRAM.replace('do)', service).replace('undo) rm', 'undo) sleep 1; rm'), 0o755);
    const wf = lane.start(['start', 'slow', '--id', 'serving']);
    await untilLogged(story, /undo begins/);
    wf.kill('SIGKILL');
    await wf.end;
    const served = processesOf('serving').filter(({ command }) => command === 'sleep 96');
    onTestFinished(() => {
      for (const { pid } of served.filter((one) => runs(one.pid))) killIfThere(pid);
    });
    expect(served).toHaveLength(1);
    const resumed = await lane.wf(['resume', 'serving', '--json']);
    expect(resumed.exitCode, resumed.stdout + resumed.stderr).toBe(0);
    expect(served.filter(({ pid }) => runs(pid))).toEqual(served);
  });

  test('is killed if it ignores SIGTERM', async () => {
    const lane = await slowProject();
    lane.write('slow', PROGRAM.replace('#!/bin/sh\n', "#!/bin/sh\n[ -e quick ] || trap '' TERM\n"), 0o755);
    const wf = lane.start(['start', 'slow', '--id', 'stubborn', '--input', 'seconds=97']);
    await untilLogged(path.join(lane.folder, 'story'), /do begins/);
    wf.kill('SIGKILL');
    await wf.end;
    const orphans = processesOf('stubborn');
    expect(orphans).not.toEqual([]);
    lane.write('quick', '');
    const resumed = await lane.wf(['resume', 'stubborn', '--json']);
    expect(resumed.exitCode, resumed.stdout + resumed.stderr).toBe(0);
    expect(orphans.filter(({ pid }) => runs(pid))).toEqual([]);
  });
});
