import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { openProject, type Project, type RunningWf } from '../support/command/run-wf.ts';
import { readRun } from '../support/crash/run-on-disk.ts';
import { chanceFrom } from '../support/crash/torture/random.ts';
import { EVERY_CASE, inTurn, SEED } from '../support/rotation.ts';

const FOLDERS = readFileSync(new URL('../fixtures/workflows/folders.ts', import.meta.url), 'utf8');
const PATIENCE = { timeout: 60_000, interval: 50 };
const DONE = ['one', 'two', 'three', 'not three', 'not two', 'not one', ''];

/** The runs whose agents are killed at a time. */
const AT_A_TIME = 2;

/** One in this many crash points is tried. */
const SHARES = 15;
/** The kills of agents at random moments. */
const KILLS = EVERY_CASE ? 5 : 3;

interface LeftRun {
  readonly project: Project;
  readonly id: string;
  readonly root: string;
}

/** A run whose process was killed before its first decision. */
async function leaveRun(id: string): Promise<LeftRun> {
  const project = openProject({ 'workflows/folders.ts': FOLDERS });
  const root = path.join(project.folder, 'root');
  mkdirSync(root);
  const args = ['start', 'folders', '--id', id, '--input', 'root=root', '--resume', 'auto'];
  const killed = await project.wf(args, { env: { WF_CRASH_AT: 'after commit create' } });
  expect(killed.signal).toBe('SIGKILL');
  return { project, id, root };
}

const logOf = ({ root }: LeftRun) => readFileSync(path.join(root, 'log'), 'utf8').split('\n');
/** Read without wf: a test asks for it often. */
const statusOf = ({ project, id }: LeftRun) => readRun(project.database, id)?.run.status;

/** Lets an agent advance the run to its end. Returns its exit code. */
async function finish(left: LeftRun, env: Record<string, string> = {}): Promise<number | undefined> {
  const agent = left.project.start(['agent'], { env });
  await agent.printed(/started/);
  try {
    await vi.waitFor(() => expect(statusOf(left)).toBe('succeeded'), PATIENCE);
  } finally {
    agent.kill('SIGTERM');
  }
  return (await agent.end).exitCode;
}

/** Waits until the agent is dead, or the run has ended without that: then stops the agent. Returns whether it was killed. */
async function killedOrDone(agent: RunningWf, run: LeftRun): Promise<boolean> {
  let isDead = false;
  const end = agent.end.then((ended) => {
    isDead = true;
    return ended;
  });
  await vi.waitFor(() => expect(isDead || statusOf(run) === 'succeeded').toBe(true), PATIENCE);
  agent.kill('SIGTERM');
  return (await end).signal === 'SIGKILL';
}

/** Returns the crash points that an undisturbed agent reaches, each time that it does. */
async function crashPoints(): Promise<readonly string[]> {
  const left = await leaveRun('agent-kill-none');
  const log = path.join(left.project.folder, 'points');
  expect(await finish(left, { WF_CRASH_LOG: log })).toBe(0);
  const counts = new Map<string, number>();
  return readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((point) => {
      const times = (counts.get(point) ?? 0) + 1;
      counts.set(point, times);
      return times === 1 ? point : `${point}@${times}`;
    });
}

/**
 * Kills the agents of a run at each of these points in turn, in the order in which they reach them. Returns the points that none
 * reached.
 */
async function killAgentsInTurn(run: LeftRun, points: readonly string[]): Promise<readonly string[]> {
  const left = new Set(points);
  const log = path.join(run.project.folder, 'points');
  while (left.size > 0) {
    rmSync(log, { force: true });
    const env = { WF_CRASH_AT: [...left].join('\n'), WF_CRASH_LOG: log };
    if (!(await killedOrDone(run.project.start(['agent'], { env }), run))) break;
    const at = readFileSync(log, 'utf8').trim().split('\n').at(-1);
    for (const point of left) if (withoutNumber(point) === at) left.delete(point);
  }
  return [...left];
}

const withoutNumber = (point: string) => point.replace(/@\d+$/, '');

test('the agent after one that is killed at any crash point loses nothing and does nothing twice', async () => {
  const all = await crashPoints();
  expect(all.length).toBeGreaterThan(40);
  // One run for all points; in the nightly tests one for each, every time that it is reached.
  const distinct = all.filter((point) => point === withoutNumber(point));
  const chains = EVERY_CASE ? all.map((point) => [point]) : [inTurn(distinct, SHARES)];
  const left = [...chains.entries()];
  const wrong: unknown[] = [];
  const missed: string[] = [];
  const work = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [index, points] = next;
      const run = await leaveRun(`agent-kill-${index}`);
      missed.push(...(await killAgentsInTurn(run, points)));
      const exitCode = await finish(run);
      const [log, isGone] = [logOf(run), !existsSync(path.join(run.root, 'one'))];
      // A command that was killed while it ran may have written its line before.
      const once = log.filter((line, at) => line !== log[at - 1]);
      if (exitCode !== 0 || !isGone || once.join() !== DONE.join()) {
        wrong.push({ points, exitCode, log });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  expect(wrong).toEqual([]);
  // The number of its writes depends on the time that commands take.
  expect(missed.length, missed.join()).toBeLessThan(chains.flat().length / 4);
}, 600_000);

test('the runs of agents that are killed at random moments end, and do nothing twice', async () => {
  process.stdout.write(`WF_TEST_SEED=${SEED}\n`);
  const chance = chanceFrom(SEED);
  const run = await leaveRun('agent-kill-random');
  for (let kills = 0; kills < KILLS; kills += 1) {
    const agent = run.project.start(['agent']);
    await new Promise((resolve) => setTimeout(resolve, 150 + chance() * 700));
    agent.kill('SIGKILL');
    await agent.end;
  }
  expect(await finish(run)).toBe(0);
  const log = logOf(run);
  expect(log.filter((line, at) => line !== log[at - 1])).toEqual(DONE);
}, 300_000);
