import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { packageRoot } from '../definition/package-root.ts';
import type { JsonObject } from '../engine/model/json.ts';
import type { RuntimeName } from '../engine/ports/runtime.ts';

/** A workflow that a test runs again and again, each time in a process of its own. */
export interface TestedWorkflow {
  /** The name of a workflow of the project, or the path of a workflow file. */
  readonly workflow: string;
  readonly input?: JsonObject;
  /** Working directory of the runs; that of the test if absent. */
  readonly folder?: string;
  /** The runtime of the runs; wf chooses if absent. */
  readonly runtime?: RuntimeName;
  /** Observes what the runs may change. Equal answers mean equal states, so none may depend on the id of a run. */
  observe(): unknown;
}

/** How a process of wf ended. */
export interface WfEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** stdout and stderr as they came. */
  readonly output: string;
}

/** Points at which a process of wf is killed, or lets a touch of the host fail. */
export interface Faults {
  readonly killAt?: string;
  readonly failAt?: string;
}

/** One run of the workflow, with an id of its own. */
export interface TestedRun {
  readonly id: string;
  wf(args: readonly string[], faults?: Faults): Promise<WfEnd>;
  start(faults?: Faults): Promise<WfEnd>;
  /** Rolls the run back if anything of it is in place. @throws Error if the host is not as it was before */
  undo(): Promise<void>;
  requireExit(end: WfEnd, codes: readonly number[]): void;
  /** @throws Error if the host is not as it was before a run, or after one that nobody disturbed */
  requireState(when: 'before' | 'after'): Promise<void>;
}

export interface Session {
  /** The crash points of a run that nobody disturbed, each once. */
  readonly points: readonly string[];
  /** Those of its rollback. */
  readonly undoPoints: readonly string[];
  /** @param point the point that an error names */
  nextRun(point: string): TestedRun;
  /** Removes the history. @throws Error if there are no points */
  close(points: ReadonlySet<string>): readonly string[];
}

/**
 * Runs the workflow once, undisturbed, and rolls it back: that finds the points, and the states that later runs must come to.
 * @throws Error if the run or its rollback fails
 */
export async function openSession(tested: TestedWorkflow, pauseAfter?: string): Promise<Session> {
  const scratch = mkdtempSync(path.join(tmpdir(), 'wf-testing-'));
  const input = path.join(scratch, 'input.json');
  writeFileSync(input, JSON.stringify(tested.input ?? {}));
  const options = [
    ...['--input-file', input],
    ...(tested.runtime === undefined ? [] : ['--runtime', tested.runtime]),
    ...(pauseAfter === undefined ? [] : ['--pause-after', pauseAfter]),
  ];
  const base = `test-${randomBytes(5).toString('hex')}`;
  const walk = `${base}-0`;
  const states = new Map<'before' | 'after', unknown>();
  let runs = 0;

  function nextRun(point: string, log?: string): TestedRun {
    const id = `${base}-${runs++}`;
    let last: WfEnd | undefined;
    const fail = (problem: string): never => {
      throw new Error(`${point}: ${problem}\nHistory: ${scratch}/wf.db, run ${id}\n${last?.output ?? ''}`);
    };
    const requireState: TestedRun['requireState'] = async (when) => {
      const state = await tested.observe();
      if (isDeepStrictEqual(state, states.get(when))) return;
      fail(`the state is ${JSON.stringify(state)}, and ${JSON.stringify(states.get(when))} was expected`);
    };
    const wf: TestedRun['wf'] = async (args, { killAt, failAt } = {}) => {
      // A point may hold the id of its run: in the name of a file, for example.
      const own = (name: string, text: string | undefined) =>
        text === undefined ? {} : { [name]: text.replaceAll(walk, id) };
      const faults = { ...own('WF_CRASH_AT', killAt), ...own('WF_FAIL_AT', failAt), ...own('WF_CRASH_LOG', log) };
      last = await runWf(args, tested.folder, { WF_DB: path.join(scratch, 'wf.db'), ...faults });
      return last;
    };
    return {
      id,
      wf,
      start: (faults) => wf(['start', tested.workflow, '--id', id, ...options], faults),
      async undo() {
        const end = await wf(['rollback', id]);
        // 4: nothing of it is in place.
        if (end.exitCode !== 0 && end.exitCode !== 4) fail(`wf rollback ended with ${end.exitCode ?? end.signal}`);
        await requireState('before');
      },
      requireExit(end, codes) {
        if (end.exitCode === null || !codes.includes(end.exitCode)) fail(`wf ended with ${end.exitCode ?? end.signal}`);
      },
      requireState,
    };
  }

  const log = path.join(scratch, 'points');
  const undisturbed = nextRun('undisturbed', log);
  undisturbed.requireExit(await undisturbed.start(), [0]);
  states.set('after', await tested.observe());
  const points = pointsIn(log);
  rmSync(log, { force: true });
  const rollback = await undisturbed.wf(['rollback', undisturbed.id]);
  undisturbed.requireExit(rollback, [0, 4]);
  // After, and not before: a change that is kept by design stays from the first run on.
  states.set('before', await tested.observe());
  return {
    points,
    undoPoints: pointsIn(log),
    nextRun: (point) => nextRun(point),
    close(reached) {
      if (reached.size === 0) throw new Error(`${tested.workflow}: no run came to a point that could be tested`);
      rmSync(scratch, { recursive: true });
      return [...reached];
    },
  };
}

/** Returns the points in a log, each once, in the order in which they were first reached. */
export function pointsIn(log: string): readonly string[] {
  if (!existsSync(log)) return [];
  return [...new Set(readFileSync(log, 'utf8').split('\n').filter(Boolean))];
}

function runWf(
  args: readonly string[],
  cwd: string | undefined,
  env: Readonly<Record<string, string>>,
): Promise<WfEnd> {
  const program = path.join(packageRoot(), 'dist/wf.cjs');
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd,
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => {
        output += text;
      });
    }
    child.on('error', reject);
    child.on('close', (exitCode, signal) => resolve({ exitCode, signal, output }));
  });
}
