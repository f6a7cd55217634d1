import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { describeDefinition } from '../../../src/definition/describe.ts';
import { modelMachine } from '../../../src/engine/machine/machine-model.ts';
import { WfError } from '../../../src/engine/model/errors.ts';
import { asDefinitionHash, parseRunId, type RunId } from '../../../src/engine/model/ids.ts';
import type { RunOptions } from '../../../src/engine/model/journal-event.ts';
import type { Json, JsonObject } from '../../../src/engine/model/json.ts';
import type { ClaimPort } from '../../../src/engine/ports/claims.ts';
import type { Clock } from '../../../src/engine/ports/clock.ts';
import { type CrashPoints, NO_CRASH_POINTS } from '../../../src/engine/ports/crash-points.ts';
import type { FingerprintPort } from '../../../src/engine/ports/fingerprint.ts';
import type { Lease } from '../../../src/engine/ports/history.ts';
import type { Runtimes } from '../../../src/engine/ports/runtime.ts';
import { createEngine } from '../../../src/engine/run/create-engine.ts';
import type { Engine, EngineDependencies, RunHandle, RunObserver } from '../../../src/engine/run/engine.ts';
import { secretInputs } from '../../../src/engine/secrets/secret-inputs.ts';
import { defineStep } from '../../../src/engine/workflow/define-step.ts';
import type { LoadedWorkflow, WorkflowDefinition } from '../../../src/engine/workflow/workflow.ts';
import type { History } from '../../../src/history/history.ts';
import { openHistory } from '../../../src/history/open.ts';
import { createGuards } from '../../../src/host/guard/create-guards.ts';
import { lockedClaims } from '../../../src/host/locks/claims.ts';
import { systemClock } from '../../../src/host/machine/clock.ts';
import { createOrphanedProcesses } from '../../../src/host/processes/orphaned-processes.ts';
import { isAlive, ownProcess } from '../../../src/host/processes/process.ts';
import { machineNotifier } from '../../../src/library/dependencies/machine-notifier.ts';
import { machinePorts } from '../../../src/runtime/machine-ports.ts';
import { guardUnit } from '../../../src/steps/systemd/guard-unit.ts';
import { runtimesOn } from './runtimes-on.ts';

/**
 * A small host for tests of the engine: a folder, whose files the steps create and remove, and whose fingerprint is its
 * content. The engine, the history and the files are real.
 */
export interface FolderHost {
  readonly folder: string;
  readonly database: string;
  readonly history: History;
  readonly engine: Engine;
  /** The claims and run locks of every wf on this host. */
  readonly claims: ClaimPort;
  /** The engine of another process on the same history and host, which reaches these crash points. */
  engineWith(crashPoints: CrashPoints): Engine;
  /** An engine on the same host with these dependencies replaced. */
  engineOf(parts: Partial<EngineDependencies>): Engine;
  readonly fingerprints: FingerprintPort;
  /** Both runtimes on this host, which see these fingerprints of it. */
  runtimesWith(fingerprints: FingerprintPort): Runtimes;
  /** Called right before and right after each touch of the folder. */
  onTouch: (point: string) => void;
  /** Creates a file that belongs to the run; its undo removes it. */
  readonly makeFile: ReturnType<typeof fileStep>;
  start(...run: RunToStart): Promise<RunHandle>;
  /** Starts a run on another engine of this host. */
  startOn(engine: Engine, ...run: RunToStart): Promise<RunHandle>;
  files(): readonly string[];
  remove(name: string): void;
  close(): void;
}

type RunToStart = readonly [
  workflow: LoadedWorkflow,
  input?: JsonObject,
  options?: Partial<RunOptions>,
  observer?: RunObserver,
];

/** A run id is locked on the whole host, and other tests use the same ids: each folder is treated as a separate host. */
function claimsIn(folder: string): ClaimPort {
  const within = (run: RunId) => runId(`${run}-${folder.replace(/[^a-z0-9]/gi, '').toLowerCase()}`);
  return { acquire: lockedClaims.acquire, acquireRun: (run, waitMs) => lockedClaims.acquireRun(within(run), waitMs) };
}

/** @param isOwnerAlive whether the owner of a lease is alive; by default the real state */
export function openFolderHost(clock: Clock = systemClock, isOwnerAlive = isAlive): FolderHost {
  const root = mkdtempSync(path.join(tmpdir(), 'wf-test-'));
  const folder = mkdtempSync(path.join(root, 'host-'));
  const database = path.join(root, 'wf.db');
  const history = openHistory(database);
  const claims = claimsIn(path.basename(root));
  let runs = 0;
  const runtimesWith = (fingerprints: FingerprintPort) =>
    runtimesOn({ ...machinePorts({}, database), clock }, fingerprints, folder);
  const engineOf = (parts: Partial<EngineDependencies>) =>
    createEngine({
      history,
      runtimes: runtimesWith(folderFingerprints(folder)),
      claims,
      notifier: machineNotifier(database, () => history),
      guards: createGuards({ program: 'dist/wf.cjs', executed: () => [], database, runner: guardUnit.runner }),
      // Processes are real, and so is the time that they take.
      orphans: createOrphanedProcesses(systemClock),
      crashPoints: NO_CRASH_POINTS,
      clock,
      random: () => 0.5,
      newRunId: () => runId(`run${++runs}-${process.pid}`),
      owner: ownProcess(),
      isAlive: isOwnerAlive,
      ...parts,
    });
  const engineWith = (crashPoints: CrashPoints) => engineOf({ crashPoints });
  const engine = engineWith(NO_CRASH_POINTS);
  const host: FolderHost = {
    folder,
    database,
    history,
    engine,
    claims,
    engineWith,
    engineOf,
    fingerprints: folderFingerprints(folder),
    runtimesWith,
    onTouch: () => {},
    makeFile: fileStep(folder, (point) => host.onTouch(point)),
    start: (...run) => host.startOn(engine, ...run),
    startOn: (other, workflow, input = {}, options = {}, observer = {}) =>
      other.start(
        {
          workflow,
          definition: describeDefinition(workflow, workflow.model),
          input,
          runtime: 'docker',
          options: { onFailure: 'rollback', pauseAfter: null, ...options },
        },
        observer,
      ),
    files: () => readdirSync(folder).sort(),
    remove: (name) => rmSync(path.join(folder, name)),
    close() {
      history.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
  return host;
}

export function runId(text: string): RunId {
  const id = parseRunId(text);
  if (id === undefined) throw new Error(`not a run id: ${text}`);
  return id;
}

/** Loads a definition that a test contains, as the loader does. */
export function loaded(definition: WorkflowDefinition): LoadedWorkflow {
  return {
    name: definition.name,
    version: definition.version,
    description: definition.description,
    input: definition.input,
    model: modelMachine(definition.name, definition.machine),
    keepsChanges: definition.keepsChanges ?? false,
    networking: definition.networking ?? false,
    secretInputs: secretInputs(definition.name, definition.input),
    requirements: (input: JsonObject) => definition.requirements?.(definition.input.parse(input)) ?? [],
    proofs: (output: Json) => definition.proofs?.(output) ?? [],
  };
}

function fileStep(folder: string, onTouch: (point: string) => void) {
  const record = z.object({ file: z.string(), content: z.string() });
  const at = (name: string) => path.join(folder, name);
  return defineStep({
    kind: 'test.file',
    description: 'makes a file',
    input: z.object({ name: z.string(), fail: z.enum(['before', 'after', 'undo', 'no']).default('no') }),
    output: z.object({ file: z.string() }),
    record,
    survivesReboot: true,
    commands: ({ name }) => [['touch', name]],
    rehearse: ({ name }) => ({ file: name }),
    async observe({ name, fail }, { run, step }) {
      const content = `${run} ${step} ${fail}`;
      const plan = { file: name, content };
      if (!existsSync(at(name))) return { found: 'absent', target: `file ${name}`, record: plan };
      if (readFileSync(at(name), 'utf8') !== content) {
        return {
          found: 'foreign',
          error: new WfError('E_NAME_IN_USE', `${name} is somebody else's`, { hint: 'Move it.' }),
        };
      }
      return { found: 'ours', target: `file ${name}`, record: plan, output: { file: name } };
    },
    async apply({ fail }, plan, _found, context) {
      if (fail === 'before') throw new WfError('E_STEP_FAILED', 'failed before', { hint: 'none' });
      onTouch(`before make ${plan.file}`);
      writeFileSync(at(plan.file), plan.content);
      onTouch(`after make ${plan.file}`);
      context.record({ command: `touch ${plan.file}`, output: '', exitCode: 0, startedAt: 0, durationMs: 1 });
      if (fail === 'after') throw new WfError('E_STEP_FAILED', 'failed after', { hint: 'none' });
      return plan;
    },
    async inspect(plan) {
      return existsSync(at(plan.file)) ? { found: 'in place' } : { found: 'gone', reason: 'no such file' };
    },
    async undo(plan, context) {
      if (plan.content.endsWith(' undo')) throw new WfError('E_FOREIGN', 'it will not go', { hint: 'none' });
      onTouch(`before remove ${plan.file}`);
      rmSync(at(plan.file));
      onTouch(`after remove ${plan.file}`);
      context.record({ command: `rm ${plan.file}`, output: '', exitCode: 0, startedAt: 0, durationMs: 1 });
    },
    undoCommands: (plan) => [['rm', plan.file]],
  });
}

function folderFingerprints(folder: string): FingerprintPort {
  const take = async () =>
    Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]));
  return {
    take,
    takeLike: take,
    compare: (before, after, { run, changes }) => ({
      notCompared: [],
      differences: [...new Set([...Object.keys(before), ...Object.keys(after)])]
        .filter((name) => before[name] !== after[name])
        .filter((name) => !changes.some((change) => change.status === 'kept' && change.target === `file ${name}`))
        .map((name) => ({
          subject: `file ${name}`,
          difference: before[name] === undefined ? 'added' : after[name] === undefined ? 'removed' : 'altered',
          before: before[name] === undefined ? null : String(before[name]),
          after: after[name] === undefined ? null : String(after[name]),
          owner: String(after[name]).startsWith(`${run} `) ? 'run' : 'other',
          reason: 'its content names its maker',
        })),
    }),
  };
}

/** Creates a run without a machine and takes its lease, for tests of the engine. */
export function createRun(history: History, name: string): Lease {
  const header = {
    id: runId(name),
    workflow: name,
    definitionHash: asDefinitionHash('h'),
    runtime: 'docker',
    input: {},
    options: { onFailure: 'rollback', pauseAfter: null },
    createdAt: 1,
  } as const;
  return history.create(header, {}, ownProcess(), [], 1);
}
