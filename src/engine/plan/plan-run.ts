import { rehearseRedacted } from '../machine/rehearse.ts';
import { asWfError, WfError } from '../model/errors.ts';
import { commandLine } from '../model/evidence.ts';
import { groupOf, parseRunId, type RunId, type StepId } from '../model/ids.ts';
import type { RunOptions } from '../model/journal-event.ts';
import type { Json } from '../model/json.ts';
import { onHostName } from '../model/on-host-name.ts';
import type { RunHost, RuntimeName } from '../ports/runtime.ts';
import type { RedactedInput, Secrets } from '../secrets/secrets.ts';
import type { HostPorts, StepRunner } from '../workflow/step.ts';
import type { LoadedWorkflow } from '../workflow/workflow.ts';
import { dependenciesOf } from './dependencies.ts';
import { observingContext, observingStep } from './observing-context.ts';
import type { ObservedNow, PlannedPlace, PlanStep, RunPlan } from './saved-plan.ts';

interface PlannedRun {
  readonly workflow: LoadedWorkflow;
  readonly definition: { readonly hash: RunPlan['definitionHash'] };
  readonly runtime: RuntimeName;
  readonly options: RunOptions;
  readonly run: RunId | null;
  /** The steps of an earlier plan of the same run, with the same dependencies. */
  readonly earlier?: readonly PlanStep[];
}

/** The run id for the machine and for marks if none was chosen. */
const NO_RUN = parseRunId('dry-run');

/**
 * Plans a run on its host: rehearses the machine, and observes the host for each change whose input is known. Touches nothing.
 * @throws WfError E_WORKFLOW_INVALID, E_STEP_INPUT
 */
export async function planRun(
  { workflow, definition, runtime, options, run, earlier }: PlannedRun,
  { input, secrets }: RedactedInput,
  host: RunHost,
): Promise<RunPlan> {
  const { model } = workflow;
  const id = run ?? NO_RUN;
  if (id === undefined) throw new WfError('E_INTERNAL', 'a dry run without an id', { hint: 'Report this.' });
  const rehearsed = rehearseRedacted(model, { input, secrets }, id);
  const dependencies =
    earlier === undefined
      ? dependenciesOf(model, { id, input }, rehearsed, secrets)
      : new Map(earlier.map((step) => [step.step, step]));
  const observers = (name: string | undefined): Observer => ({ run: id, name, host, secrets });
  const steps = rehearsed.map(
    async ({ step, invoke, stage, kind, host: name, description, does, ...rest }): Promise<PlanStep> => {
      const { inputFrom = [], onlyIf = [] } = dependencies.get(step) ?? {};
      const { runner, each } = model.invocations.get(invoke) ?? {};
      const isKnown = inputFrom.length === 0 && (each === undefined || groupOf(step) !== undefined);
      const observed =
        runner === undefined || !isKnown ? null : await observe(observers(name), runner, step, rest.input);
      return {
        ...{ step, stage, kind, ...(name === undefined ? {} : { host: name }), description, does },
        commands: rest.commands.map(commandLine),
        ...{ inputFrom, onlyIf, observed },
      };
    },
  );
  return {
    run,
    workflow: workflow.name,
    definitionHash: definition.hash,
    runtime,
    input,
    options,
    place: model.invocations.size === 0 ? null : await placeOf(workflow, runtime, host.ports),
    steps: await Promise.all(steps),
  };
}

async function placeOf(
  { networking }: LoadedWorkflow,
  runtime: RuntimeName,
  { place, docker }: HostPorts,
): Promise<PlannedPlace> {
  const usesEngine = networking && runtime === 'docker';
  // The preflight reports an engine that does not answer.
  const engine = usesEngine ? await docker.engineId().catch(() => null) : null;
  return { ...place, engine };
}

interface Observer {
  readonly run: RunId;
  /** Name of the observed host; undefined for the run's own. */
  readonly name: string | undefined;
  readonly host: RunHost;
  readonly secrets: Secrets;
}

/** Observes the target of a step; null if the step changes nothing. */
async function observe(
  { run, name, host, secrets }: Observer,
  { behaviour, policy }: StepRunner,
  step: StepId,
  input: Json,
): Promise<ObservedNow | null> {
  if (behaviour.type !== 'change') return null;
  try {
    const context = observingStep(observingContext(run, host, name, policy.timeoutMs), step);
    const seen = await behaviour.observe(secrets.reveal(input), context, undefined);
    return {
      found: seen.found,
      target: 'target' in seen ? onHostName(name, secrets.redactText(seen.target)) : null,
      error: 'error' in seen ? secrets.redactError(seen.error).toRecord() : null,
    };
  } catch (thrown) {
    return { found: 'unknown', target: null, error: secrets.redactError(asWfError(thrown)).toRecord() };
  }
}
