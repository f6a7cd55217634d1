import path from 'node:path';
import { z } from 'zod';
import { type ExitCode, WfError } from '../../../engine/model/errors.ts';
import { parseRunId, RUN_ID_RULE, type RunId } from '../../../engine/model/ids.ts';
import type { ConfirmRule, RunOptions } from '../../../engine/model/journal-event.ts';
import type { JsonObject } from '../../../engine/model/json.ts';
import { hostsOf } from '../../../engine/place/declared-hosts.ts';
import type { PrestartedHost } from '../../../engine/place/prestarted-host.ts';
import { RUNTIME_NAMES } from '../../../engine/ports/runtime.ts';
import type { Engine, RuntimeChoice, StartRequest } from '../../../engine/run/engine.ts';
import type { LoadedWorkflow } from '../../../engine/workflow/workflow.ts';
import { prepareInterrupts } from '../../../host/workflow-code/interrupt-thread.ts';
import { confirmRule } from '../../arguments/confirm-options.ts';
import { notifyOption } from '../../arguments/notify-option.ts';
import { withSlot } from '../../arguments/slot.ts';
import { stageToPauseAfter } from '../../arguments/stage-option.ts';
import { workflowInput } from '../../arguments/workflow-input.ts';
import { isFileReference, workflowByReference } from '../../arguments/workflow-reference.ts';
import { defineCommand } from '../../define-command.ts';
import { followRun, introduction, withView } from '../../follow/follow-run.ts';
import { watchForInterruption } from '../../follow/interruption.ts';
import { escapingProcesses } from '../../output/escaping-processes.ts';
import { printOutcome } from '../../output/print-result.ts';
import { runtimeLine } from '../../output/runtime-line.ts';
import type { Terminal } from '../../output/terminal.ts';
import type { ResolvedWorkflow, Services } from '../../services/services.ts';

const options = z.object({
  workflow: z.string(),
  input: z.array(z.string()).default([]),
  inputFile: z.string().optional(),
  runtime: z.enum(['auto', ...RUNTIME_NAMES]).default('auto'),
  pauseAfter: z.string().optional(),
  onFailure: z.enum(['rollback', 'keep']).default('rollback'),
  id: z.string().optional(),
  definition: z.string().optional(),
  resume: z.enum(['auto', 'manual']).default('manual'),
  ifRunning: z.enum(['skip', 'wait']).optional(),
  dryRun: z.boolean().default(false),
  plan: z.boolean().default(false),
  detach: z.boolean().default(false),
  confirmWithin: z.string().optional(),
  applyWithin: z.string().optional(),
  confirmBy: z.enum(['new-session']).optional(),
  confirmIf: z.string().optional(),
  guard: z.boolean().default(true),
  notify: z.union([z.string(), z.literal(false)]).optional(),
  onHangup: z.enum(['continue', 'interrupt']).default('continue'),
  json: z.boolean().default(false),
});
export type StartOptions = z.output<typeof options>;

/** `wf start WORKFLOW|FILE`: starts a run and follows it to its end; with --dry-run or --plan, prints what it would do. */
export const start = defineCommand(options, async (given, services, terminal) => {
  const id = chosenId(given, services);
  const confirm = confirmRule(given);
  const notify = notifyOption(given.notify);
  if (given.detach && !given.dryRun) {
    const { startDetached } = await import('./start-detached.ts');
    return startDetached(given, id, services, terminal);
  }
  const resolve = async () => {
    if (!isPlan(given)) prepareInterrupts();
    const resolved = await workflowByReference(services, given.workflow);
    requireDefinition(given.definition, resolved);
    return resolved;
  };
  const begin = (resolved: ResolvedWorkflow, prestart: Prestart) =>
    startOrPlan({ ...resolved, id, confirm, notify, prestart }, given, services, terminal);
  if (given.ifRunning === undefined || isPlan(given)) {
    return await withPrestart(services, id, async (prestart) => {
      // A private host starts on another CPU while the workflow is loaded.
      if (given.runtime === 'embedded' && !isPlan(given)) await prestart();
      return begin(await resolve(), prestart);
    });
  }
  const resolved = await resolve();
  const { startAlone } = await import('./start-alone.ts');
  const alone = { ifRunning: given.ifRunning, workflow: resolved.workflow.name, id, json: given.json };
  // startAlone may call it more than once, if another process is faster.
  const startOnce = () => withPrestart(services, id, (prestart) => begin(resolved, prestart));
  return startAlone(alone, services, terminal, startOnce);
});

/** Begins to start the private host of a run, unless it has begun already. */
type Prestart = () => Promise<PrestartedHost>;

/** Closes the private host that `start` has begun to start, whether or not the run starts. */
async function withPrestart(
  services: Services,
  id: RunId | undefined,
  start: (prestart: Prestart) => Promise<ExitCode>,
): Promise<ExitCode> {
  let prestarting: Promise<PrestartedHost> | undefined;
  try {
    return await start(() => {
      prestarting ??= services.engine().then((engine) => engine.prestartHost('embedded', id));
      return prestarting;
    });
  } finally {
    await prestarting?.then(
      (host) => host.close(),
      // `start` has thrown this error already.
      () => undefined,
    );
  }
}

/** Returns whether the command starts no run. */
function isPlan({ dryRun, plan }: Pick<StartOptions, 'dryRun' | 'plan'>): boolean {
  return dryRun || plan;
}

/** The run to start, from the options of the command. */
interface Chosen extends ResolvedWorkflow {
  readonly id: RunId | undefined;
  readonly confirm: ConfirmRule | undefined;
  readonly notify: RunOptions['notify'];
  readonly prestart: Prestart;
}

async function startOrPlan(
  { workflow, definition, id, confirm, notify, prestart }: Chosen,
  given: StartOptions,
  services: Services,
  terminal: Terminal,
): Promise<ExitCode> {
  const engine = await services.engine();
  const readInput = () => workflowInput(workflow, { assignments: given.input, file: given.inputFile });
  // The input decides where the named hosts are.
  const inputOfHosts = workflow.hosts === undefined ? undefined : readInput();
  const choice = await runtimeFor(given, workflow, inputOfHosts?.input ?? {}, engine);
  const { runtime } = choice;
  const prestarted = runtime === 'embedded' && !isPlan(given) ? await prestart() : undefined;
  // The named hosts are created while the definition is checked.
  if (inputOfHosts !== undefined) prestarted?.provide(hostsOf(workflow, inputOfHosts.input));
  const { refuseErrors } = await import('../../../review/check/check-workflow.ts');
  refuseErrors(workflow, definition.description);
  const pauseAfter = stageToPauseAfter(given.pauseAfter, workflow);
  const { input, secrets } = inputOfHosts ?? readInput();
  const runOptions = {
    onFailure: given.onFailure,
    pauseAfter,
    secrets,
    ...(isFileReference(given.workflow) ? { file: path.resolve(given.workflow) } : {}),
    ...(confirm === undefined ? {} : { confirm }),
    ...(given.resume === 'auto' ? ({ resume: 'auto' } as const) : {}),
    ...(notify === undefined ? {} : { notify }),
  };
  if (isPlan(given)) {
    const { printRunPlan } = await import('./start-plan.ts');
    const { newRunId } = await import('../../../library/new-run-id.ts');
    const run = id ?? (given.plan ? newRunId() : undefined);
    const planned = { workflow, definition, input, runtime, options: runOptions };
    const request = run === undefined ? planned : { ...planned, id: run };
    return await printRunPlan(request, { save: given.plan, choice, json: given.json }, engine, terminal);
  }
  const alone = given.ifRunning !== undefined;
  const request = { workflow, definition, input, runtime, options: runOptions, alone, prestarted };
  return await startRun(id === undefined ? request : { ...request, id }, choice, engine, given, services, terminal);
}

/** Starts the run and follows it to its end. */
export async function startRun(
  request: StartRequest,
  choice: RuntimeChoice,
  engine: Engine,
  { json, onHangup }: Pick<StartOptions, 'json' | 'onHangup'>,
  services: Services,
  terminal: Terminal,
): Promise<ExitCode> {
  const { workflow, runtime } = request;
  const before = { stageNames: workflow.model.stages, journal: [] };
  const escaping = await escapingProcesses(workflow, runtime);
  const interruption = watchForInterruption(terminal, onHangup);
  try {
    const outcome = await withView(before, interruption, services, terminal, async (view) => {
      const handle = await engine
        .start(request, view.observer)
        .catch((thrown: unknown) => Promise.reject(withChoice(thrown, choice)));
      if (choice.why !== null) view.print(runtimeLine(choice));
      view.print(introduction(handle.id, workflow.name));
      if (escaping !== undefined) view.print(escaping);
      return followRun(handle, view, interruption, services, terminal);
    });
    return printOutcome(outcome, json, terminal);
  } finally {
    interruption.end();
  }
}

function chosenId({ id: given }: StartOptions, { clock }: Services): RunId | undefined {
  if (given === undefined) return undefined;
  const id = withSlot(given, clock.now());
  const parsed = parseRunId(id);
  if (parsed !== undefined) return parsed;
  throw new WfError('E_USAGE', `--id "${id}" is not a valid run id`, {
    hint: RUN_ID_RULE,
  });
}

/** Refuses a workflow that has another definition than that of --definition. */
function requireDefinition(hash: string | undefined, { workflow, definition }: ResolvedWorkflow): void {
  if (hash === undefined || hash === definition.hash) return;
  throw new WfError(
    'E_DEFINITION_CHANGED',
    `workflow ${workflow.name} has the definition ${definition.hash} here, not ${hash}`,
    { hint: 'Bring the same workflow file, and the same version of wf, to this host.' },
  );
}

/** If neither runtime can be used, adds the reason for the other one to the error. */
function withChoice(thrown: unknown, { runtime, why }: RuntimeChoice): unknown {
  if (!(thrown instanceof WfError) || runtime !== 'embedded' || why === null || thrown.exitCode !== 3) return thrown;
  const { code, message, hint, details } = thrown;
  return new WfError(code, `${message}; and ${why}`, { hint, details, cause: thrown });
}

/** Returns the requested runtime, or the one that wf chooses, with the reason. */
async function runtimeFor(
  { runtime }: StartOptions,
  workflow: LoadedWorkflow,
  input: JsonObject,
  engine: Engine,
): Promise<RuntimeChoice> {
  return runtime === 'auto' ? engine.chooseRuntime(workflow, input) : { runtime, why: null };
}
