import { readlinkSync } from 'node:fs';
import { WfError } from '../../engine/model/errors.ts';
import { pause } from '../../engine/ports/clock.ts';
import type { GuardPort } from '../../engine/ports/guard.ts';
import type { StepRunner } from '../../engine/workflow/step.ts';
import { writableByOthers } from '../../trust/root-owned.ts';
import { ownUser } from '../../trust/users.ts';
import { systemClock } from '../machine/clock.ts';
import { startDetached } from '../processes/detached-process.ts';
import { processOf } from '../processes/process.ts';
import { ENGINE_VARIABLES } from '../systemd/engine-variables.ts';
import { isSystemdBooted } from '../systemd/unit-file.ts';
import { guardUnitName, guardUnitText } from './guard-unit-text.ts';
import { newestLoginSession } from './login-session.ts';

/** Time limit for the start of a guard, which loads wf and a workflow file. */
const START_MS = 60_000;

/** The line that a guard prints once it has loaded everything it needs. */
export const GUARD_READY = 'ready';

/** Variables with which tests kill or stop wf: its guard does not inherit them. */
const OF_TESTS = /^WF_(?:CRASH|HALT|FAIL)_/;

/** The variables of this process that a unit contains: any user can read its file, which outlives this process. */
const OF_UNIT: readonly string[] = ['PATH', 'HOME', ...ENGINE_VARIABLES];

interface GuardsOptions {
  /** The program of the command `wf`. */
  readonly program: string;
  /** Returns the files that the program executes. */
  executed(): readonly string[];
  /** Path of the history. */
  readonly database: string;
  /** The step runner of units. */
  readonly runner: StepRunner;
}

/** Creates the port that starts the guards of runs: systemd units for root, otherwise processes in their own sessions. */
export function createGuards({ program, executed, database, runner }: GuardsOptions): GuardPort {
  const args = (run: string, workflowFile: string | null) => [
    'guard',
    `--db=${database}`,
    ...(workflowFile === null ? [] : [`--workflow=${workflowFile}`]),
    '--',
    run,
  ];
  return {
    runner,
    newestSession: newestLoginSession,
    choose(run, { runtime, workflowFile }) {
      const files = [...executed(), database, process.cwd(), ...(workflowFile === null ? [] : [workflowFile])];
      const whyNot = whyNoUnit(runtime === 'embedded') ?? whyUntrusted(files);
      if (whyNot !== undefined) return { type: 'process', reason: whyNot };
      const command = [process.execPath, program, ...args(run, workflowFile)];
      const text = guardUnitText({
        run,
        command,
        folder: process.cwd(),
        environment: variables((name) => OF_UNIT.includes(name)),
      });
      const name = guardUnitName(run);
      return { type: 'unit', name, input: { name, text } };
    },
    async startProcess(run, { workflowFile }) {
      const started = startDetached(
        program,
        args(run, workflowFile),
        variables((name) => !OF_TESTS.test(name)),
      );
      const first = await Promise.race([
        started.firstLine.then((line) => ({ type: 'line', line }) as const),
        started.end.then((end) => ({ type: 'ended', end }) as const),
        pause(systemClock, START_MS).then(() => ({ type: 'late' }) as const),
      ]);
      started.release();
      const owner = processOf(started.pid);
      if (first.type === 'line' && first.line === GUARD_READY && owner !== undefined) return owner;
      const why = first.type === 'ended' ? first.end.stderr.trim() : `it was not ready after ${START_MS / 1_000} s`;
      if (first.type === 'late') process.kill(started.pid, 'SIGKILL');
      throw new WfError('E_GUARD', `no guard can watch run ${run}: ${why}`, {
        hint: 'Fix that, or start the run with --no-guard: then only the command itself takes the change back.',
        untouched: true,
      });
    },
  };
}

/** Returns the selected variables of this process. */
function variables(isSelected: (name: string) => boolean): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined && isSelected(name) ? [[name, value]] : [],
    ),
  );
}

/** Returns why a guard cannot be a systemd unit; undefined if it can. */
function whyNoUnit(isPrivateHost: boolean): string | undefined {
  if (isPrivateHost) return 'the host of the run is a private one, which ends with the machine';
  if (ownUser() !== 0) return 'wf does not run as root';
  if (!isSystemdBooted()) return 'systemd does not run here';
  const elsewhere = ['net', 'mnt', 'pid'].filter((kind) => namespaceOf('self', kind) !== namespaceOf('1', kind));
  return elsewhere.length === 0 ? undefined : `wf runs in another ${elsewhere.join(' and ')} namespace than systemd`;
}

/** Returns why the unit would be unsafe: systemd must execute no file that another user can write, not even the caller of sudo. */
function whyUntrusted(files: readonly string[]): string | undefined {
  const found = writableByOthers(files);
  return found === undefined ? undefined : `systemd would execute files of others: ${found.path} ${found.why}`;
}

function namespaceOf(pid: string, kind: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`);
  } catch {
    return null;
  }
}
