import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { sharedCache } from '../support/command/shared-cache.ts';
import { describeCrash } from '../support/crash/crash-tests.ts';
import { journalProblems, readRun } from '../support/crash/run-on-disk.ts';
import { chanceFrom } from '../support/crash/torture/random.ts';
import { inTurn, SEED } from '../support/rotation.ts';

const PROGRAM = fileURLToPath(new URL('../fixtures/host/group-of-runs.mjs', import.meta.url));
const FOLDERS = { name: 'folders', file: fileURLToPath(new URL('../fixtures/workflows/folders.ts', import.meta.url)) };
const COUNT = 6;
const IDS = Array.from({ length: COUNT }, (_, number) => `run-${number}`);
const KILLS_AT_MOST = 3;
/** The command that makes a folder, as crash points name it. */
const MAKING = `sh -ec '[ -z "$2" ] || until [ -e "$2" ]; do sleep 0.05; done; echo "$1" >> "$0/log"; mkdir "$0/$1"'`;
const STEPS = { makeOne: 'one', makeTwo: 'two', makeThree: 'three' } as const;

interface Group {
  readonly folder: string;
  readonly database: string;
}

function openGroup(): Group {
  const folder = mkdtempSync(path.join(tmpdir(), 'wf-group-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, database: path.join(folder, 'wf.db') };
}

interface Advance {
  /** The crash point at which the process kills itself. */
  readonly at?: string;
  /** The delay after which the test kills the process. */
  readonly afterMs?: number;
  /** The runs to roll back; the others are resumed. */
  readonly back?: readonly string[];
}

/** Advances all runs of the group side by side, until they have ended or the process is killed. Returns whether it was killed. */
async function advance({ folder, database }: Group, { at, afterMs, back = [] }: Advance): Promise<boolean> {
  const args = [PROGRAM, database, folder, IDS.join(), back.join()];
  const env = { ...process.env, ...sharedCache(), ...(at === undefined ? {} : { WF_CRASH_AT: at }) };
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'pipe'], env });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = once(child, 'close');
  if (afterMs !== undefined) {
    await Promise.race([ended, pause(afterMs)]);
    child.kill('SIGKILL');
  }
  const [exitCode, signal] = await ended;
  if (signal === 'SIGKILL') return true;
  expect(exitCode, errors).toBe(0);
  return false;
}

/** Returns how often a run created a folder, according to the log of the folders. */
function timesMade({ folder }: Group, id: string, name: string): number {
  const log = path.join(folder, id, 'log');
  return existsSync(log)
    ? readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line === name).length
    : 0;
}

/** The completed steps, with how often each had been done by then. */
function completed(group: Group): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const id of IDS) {
    for (const step of existsSync(group.database) ? (readRun(group.database, id)?.steps ?? []) : []) {
      const name = Object.entries(STEPS).find(([known]) => known === step.id)?.[1];
      if (name !== undefined && step.status === 'succeeded') found.set(`${id} ${name}`, timesMade(group, id, name));
    }
  }
  return found;
}

function isUnderWay({ database }: Group, id: string): boolean {
  const run = readRun(database, id)?.run;
  return run !== undefined && run.status !== 'succeeded' && run.status !== 'rolled-back';
}

function expectNothingDoneTwice(group: Group, before: ReadonlyMap<string, number>): void {
  for (const [key, times] of before) {
    const [id = '', name = ''] = key.split(' ');
    expect(timesMade(group, id, name), `${key} was completed`).toBe(times);
  }
}

async function expectAllAtTheirEnd(group: Group): Promise<void> {
  for (const id of IDS) {
    const onDisk = readRun(group.database, id);
    expect(onDisk, id).toBeDefined();
    if (onDisk === undefined) continue;
    expect(['succeeded', 'rolled-back'], id).toContain(onDisk.run.status);
    expect(await journalProblems([FOLDERS], onDisk), id).toEqual([]);
    expect(
      readdirSync(path.join(group.folder, id)).filter((name) => name !== 'log'),
      id,
    ).toEqual([]);
  }
}

const POINTS = [
  'after commit create@4',
  'after commit baseline.taken@2',
  'after commit change.intended change 1@3',
  `after touch makeOne apply 1 ${MAKING}@3`,
  'before commit step.succeeded makeTwo@3',
  'after commit step.succeeded makeTwo@5',
  'after commit change.reverting change 2@3',
  'before commit ended',
  'after commit ended@2',
];

describeCrash('a process that advances six runs with grouped commits', () => {
  test.for(inTurn(POINTS, POINTS.length))(
    'is killed at "%s", and the next process ends each run and repeats no completed step',
    async (point) => {
      const group = openGroup();
      const wasKilled = await advance(group, { at: point });
      expect(wasKilled, 'the point is come by').toBe(true);
      const before = completed(group);
      const left = ['run-1', 'run-4'].filter((id) => isUnderWay(group, id));
      expect(await advance(group, { back: left })).toBe(false);
      expectNothingDoneTwice(group, before);
      await expectAllAtTheirEnd(group);
      for (const id of left) expect(readRun(group.database, id)?.run.status, id).toBe('rolled-back');
    },
  );

  test('is killed at random moments, and each run ends without a repeated step', async () => {
    const chance = chanceFrom(SEED);
    const startedAt = Date.now();
    expect(await advance(openGroup(), {}), 'nobody killed it').toBe(false);
    const usualMs = Date.now() - startedAt;
    let kills = 0;
    const group = openGroup();
    for (;;) {
      const before = completed(group);
      const back = IDS.filter(() => chance() < 0.2);
      const afterMs = (0.1 + 0.4 * chance()) * usualMs;
      const wasKilled = await advance(group, kills === KILLS_AT_MOST ? { back } : { back, afterMs });
      expectNothingDoneTwice(group, before);
      if (!wasKilled) break;
      kills += 1;
    }
    await expectAllAtTheirEnd(group);
    expect(kills).toBeGreaterThan(0);
  });
});
