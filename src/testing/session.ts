import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { packageRoot } from '../definition/package-root.ts';
import type { JsonObject } from '../engine/model/json.ts';
import type { RuntimeName } from '../engine/ports/runtime.ts';

/** A workflow that a test runs repeatedly, each time in its own process. */
export interface TestedWorkflow {
  /** Name of a workflow of the project, or path of a workflow file. */
  readonly workflow: string;
  readonly input?: JsonObject;
  /** Working directory of the runs; by default that of the test. */
  readonly folder?: string;
  /** Runtime of the runs; by default wf chooses. */
  readonly runtime?: RuntimeName;
  /** Beginning of the command line of each wf, such as `['ip', 'netns', 'exec', 'lab']`. */
  readonly through?: readonly string[];
  /** Selects the points, or steps, that a function tries; by default all. */
  choose?(all: readonly string[]): readonly string[];
  /**
   * Observes the state that the runs may change. Equal results mean equal states: a result must not depend on the id of the run, which
   * marks contain.
   */
  observe(run: string): unknown;
}

/** End of a wf process. */
export interface WfEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** stdout and stderr, interleaved. */
  readonly output: string;
  readonly stdout: string;
}

/** Faults of one wf process. */
export interface Faults {
  /** Point at which it is killed. */
  readonly killAt?: string;
  /** Point at which a touch of the host fails. */
  readonly failAt?: string;
  /** Step that fails before it does anything. */
  readonly failStep?: string;
  /** Whether it runs after a reboot, with another boot id. */
  readonly rebooted?: boolean;
}

/** A step of a run. */
export interface TestedStep {
  readonly id: string;
  readonly hasFailed: boolean;
}

const recordSchema = z.object({
  status: z.string(),
  steps: z.array(z.object({ id: z.string(), error: z.unknown() })),
});

/** One run of the workflow, with its own id. */
export interface TestedRun {
  readonly id: string;
  wf(args: readonly string[], faults?: Faults): Promise<WfEnd>;
  start(faults?: Faults): Promise<WfEnd>;
  /** Rolls the run back unless it has rolled itself back. @throws Error if the host differs from its state before the run */
  undo(): Promise<void>;
  requireExit(end: WfEnd, codes: readonly number[]): void;
  /** Returns the steps of an ended run, with those that failed. */
  steps(end: WfEnd): readonly TestedStep[];
  /** @throws Error with the point, this problem, the history and the output of the last wf */
  fail(problem: string): never;
  /**
   * Checks the state of the host.
   * @throws Error if it differs from the state before a run, or after an undisturbed one
   */
  requireState(when: 'before' | 'after'): Promise<void>;
}

export interface Session {
  /** Returns the chosen crash points of an undisturbed run, each once. */
  points(pattern: RegExp): readonly string[];
  /** Returns the chosen crash points of its rollback. */
  undoPoints(pattern: RegExp): readonly string[];
  /** Chosen ids of its steps. */
  readonly steps: readonly string[];
  /**
   * Creates the next run.
   * @param point the point that an error names
   */
  nextRun(point: string): TestedRun;
  /** Removes the history. @throws Error if there are no points */
  close(points: ReadonlySet<string>): readonly string[];
}

/**
 * Runs the workflow once, undisturbed, and rolls it back, to find the points and the expected states of later runs.
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
    let lastPoint = point;
    const fail = (problem: string): never => {
      throw new Error(`${lastPoint}: ${problem}\nHistory: ${scratch}/wf.db, run ${id}\n${last?.output ?? ''}`);
    };
    const requireState: TestedRun['requireState'] = async (when) => {
      const state = await tested.observe(id);
      if (isDeepStrictEqual(state, states.get(when))) return;
      fail(`expected the state ${JSON.stringify(states.get(when))}, got ${JSON.stringify(state)}`);
    };
    const wf: TestedRun['wf'] = async (args, { killAt, failAt, failStep, rebooted = false } = {}) => {
      lastPoint = killAt ?? lastPoint;
      // A point may contain the id of its run, for example in a file name.
      const own = (name: string, text: string | undefined) =>
        text === undefined ? {} : { [name]: text.replaceAll(walk, id) };
      const faults = {
        ...own('WF_CRASH_AT', killAt),
        ...own('WF_FAIL_AT', failAt),
        ...own('WF_CRASH_LOG', log),
        ...(failStep === undefined ? {} : { WF_FAIL_STEP: failStep }),
      };
      const program = [process.execPath, path.join(packageRoot(), 'dist/wf.cjs'), ...args];
      const argv = [
        ...(tested.through ?? []),
        ...(rebooted ? anotherBoot(path.join(scratch, 'boot-id')) : []),
        ...program,
      ];
      last = await runToEnd(argv, tested.folder, { WF_DB: path.join(scratch, 'wf.db'), ...faults });
      return last;
    };
    return {
      id,
      wf,
      start: (faults) => wf(['start', tested.workflow, '--id', id, '--json', ...options], faults),
      async undo() {
        if (recordIn(last)?.status !== 'rolled-back') {
          const end = await wf(['rollback', id]);
          // Exit code 4: no change is in place.
          if (end.exitCode !== 0 && end.exitCode !== 4) fail(`wf rollback ended with ${end.exitCode ?? end.signal}`);
        }
        await requireState('before');
      },
      requireExit(end, codes) {
        if (end.exitCode === null || !codes.includes(end.exitCode)) fail(`wf ended with ${end.exitCode ?? end.signal}`);
      },
      requireState,
      steps: (end) =>
        (recordIn(end) ?? fail('wf printed no run record')).steps.map((step) => ({
          id: step.id,
          hasFailed: step.error !== null,
        })),
      fail,
    };
  }

  const log = path.join(scratch, 'points');
  const undisturbed = nextRun('undisturbed', log);
  const end = await undisturbed.start();
  undisturbed.requireExit(end, [0]);
  states.set('after', await tested.observe(undisturbed.id));
  const points = pointsIn(log);
  const steps = undisturbed.steps(end).map(({ id }) => id);
  rmSync(log, { force: true });
  const rollback = await undisturbed.wf(['rollback', undisturbed.id]);
  undisturbed.requireExit(rollback, [0, 4]);
  // Observed after the first run, because a change kept by design stays from then on.
  states.set('before', await tested.observe(undisturbed.id));
  const undoPoints = pointsIn(log);
  const choose = (all: readonly string[]) => tested.choose?.(all) ?? all;
  return {
    points: (pattern) => choose(points.filter((point) => pattern.test(point))),
    undoPoints: (pattern) => choose(undoPoints.filter((point) => pattern.test(point))),
    steps: choose(steps),
    nextRun: (point) => nextRun(point),
    close(reached) {
      if (reached.size === 0) throw new Error(`${tested.workflow}: no run reached a point that can be tested`);
      rmSync(scratch, { recursive: true });
      return [...reached];
    },
  };
}

/** Returns the run record that a process printed; undefined if it printed another document, or none. */
function recordIn(end: WfEnd | undefined) {
  if (end === undefined || !end.stdout.startsWith('{')) return undefined;
  return recordSchema.safeParse(JSON.parse(end.stdout)).data;
}

/** Returns the points in a log, each once, in the order of their first occurrence. */
export function pointsIn(log: string): readonly string[] {
  if (!existsSync(log)) return [];
  return [...new Set(readFileSync(log, 'utf8').split('\n').filter(Boolean))];
}

/** Mounts its first argument over the kernel's boot id, then executes the rest. Shares all other mounts with the machine. */
const WITH_BOOT_ID = 'mount --make-rprivate /proc && mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"';

/** Returns the beginning of a command line that runs with the boot id in a file, as after a reboot. Creates the file. */
export function anotherBoot(file: string): readonly string[] {
  if (!existsSync(file)) writeFileSync(file, `${randomUUID()}\n`);
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-current-user', '--keep-caps'];
  return ['unshare', ...user, '--mount', '--propagation', 'unchanged', '--', 'sh', '-c', WITH_BOOT_ID, file];
}

function runToEnd(
  [program = '', ...args]: readonly string[],
  cwd: string | undefined,
  env: Readonly<Record<string, string>>,
): Promise<WfEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.on('error', reject);
    child.on('close', (exitCode, signal) => resolve({ exitCode, signal, output, stdout }));
  });
}
