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
  /**
   * Observes the state that the runs may change. Equal results mean equal states: none may depend on the id of the run, which marks
   * contain.
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

/** Faults of one process of wf. */
export interface Faults {
  /** Point at which it is killed. */
  readonly killAt?: string;
  /** Point at which a touch of the host fails. */
  readonly failAt?: string;
  /** Step that fails before it does anything. */
  readonly failStep?: string;
  /** Whether it runs after a reboot: the boot id is another one. */
  readonly rebooted?: boolean;
}

/** A step of a run. */
export interface TestedStep {
  readonly id: string;
  readonly hasFailed: boolean;
}

const recordSchema = z.object({ steps: z.array(z.object({ id: z.string(), error: z.unknown() })) });

/** One run of the workflow, with its own id. */
export interface TestedRun {
  readonly id: string;
  wf(args: readonly string[], faults?: Faults): Promise<WfEnd>;
  start(faults?: Faults): Promise<WfEnd>;
  /** Rolls the run back if any change is in place. @throws Error if the host differs from its state before the run */
  undo(): Promise<void>;
  requireExit(end: WfEnd, codes: readonly number[]): void;
  /** Returns the steps of the run, and which of them failed. */
  steps(): Promise<readonly TestedStep[]>;
  /** @throws Error with the point, this problem, the history and the output of the last wf */
  fail(problem: string): never;
  /**
   * Checks the state of the host.
   * @throws Error if it differs from the state before a run, or after an undisturbed one
   */
  requireState(when: 'before' | 'after'): Promise<void>;
}

export interface Session {
  /** Crash points of an undisturbed run, each once. */
  readonly points: readonly string[];
  /** Crash points of its rollback. */
  readonly undoPoints: readonly string[];
  /** Ids of its steps. */
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
    const fail = (problem: string): never => {
      throw new Error(`${point}: ${problem}\nHistory: ${scratch}/wf.db, run ${id}\n${last?.output ?? ''}`);
    };
    const requireState: TestedRun['requireState'] = async (when) => {
      const state = await tested.observe(id);
      if (isDeepStrictEqual(state, states.get(when))) return;
      fail(`expected the state ${JSON.stringify(states.get(when))}, got ${JSON.stringify(state)}`);
    };
    const wf: TestedRun['wf'] = async (args, { killAt, failAt, failStep, rebooted = false } = {}) => {
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
      const argv = rebooted ? [...anotherBoot(scratch), ...program] : program;
      last = await runToEnd(argv, tested.folder, { WF_DB: path.join(scratch, 'wf.db'), ...faults });
      return last;
    };
    return {
      id,
      wf,
      start: (faults) => wf(['start', tested.workflow, '--id', id, ...options], faults),
      async undo() {
        const end = await wf(['rollback', id]);
        // Exit code 4: no change is in place.
        if (end.exitCode !== 0 && end.exitCode !== 4) fail(`wf rollback ended with ${end.exitCode ?? end.signal}`);
        await requireState('before');
      },
      requireExit(end, codes) {
        if (end.exitCode === null || !codes.includes(end.exitCode)) fail(`wf ended with ${end.exitCode ?? end.signal}`);
      },
      requireState,
      async steps() {
        const { stdout } = await wf(['show', id, '--json']);
        return recordSchema
          .parse(JSON.parse(stdout))
          .steps.map((step) => ({ id: step.id, hasFailed: step.error !== null }));
      },
      fail,
    };
  }

  const log = path.join(scratch, 'points');
  const undisturbed = nextRun('undisturbed', log);
  undisturbed.requireExit(await undisturbed.start(), [0]);
  states.set('after', await tested.observe(undisturbed.id));
  const points = pointsIn(log);
  const steps = (await undisturbed.steps()).map(({ id }) => id);
  rmSync(log, { force: true });
  const rollback = await undisturbed.wf(['rollback', undisturbed.id]);
  undisturbed.requireExit(rollback, [0, 4]);
  // Taken after the first run, because a change kept by design stays from then on.
  states.set('before', await tested.observe(undisturbed.id));
  return {
    points,
    undoPoints: pointsIn(log),
    steps,
    nextRun: (point) => nextRun(point),
    close(reached) {
      if (reached.size === 0) throw new Error(`${tested.workflow}: no run reached a point that can be tested`);
      rmSync(scratch, { recursive: true });
      return [...reached];
    },
  };
}

/** Returns the points in a log, each once, in the order of their first occurrence. */
export function pointsIn(log: string): readonly string[] {
  if (!existsSync(log)) return [];
  return [...new Set(readFileSync(log, 'utf8').split('\n').filter(Boolean))];
}

/** Binds its first argument over the boot id of the kernel, in a mount namespace of its own, and becomes the rest. */
const WITH_BOOT_ID = 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"';

/** Returns the beginning of a command line that runs with another boot id, as after a reboot. */
function anotherBoot(scratch: string): readonly string[] {
  const file = path.join(scratch, 'boot-id');
  writeFileSync(file, `${randomUUID()}\n`);
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-current-user', '--keep-caps'];
  return ['unshare', ...user, '--mount', '--', 'sh', '-c', WITH_BOOT_ID, file];
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
