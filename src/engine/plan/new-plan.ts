import { requireConfirmable } from '../confirm/confirm-rule.ts';
import { WfError } from '../model/errors.ts';
import { parsePlanId } from '../model/ids.ts';
import { hostsOf } from '../place/declared-hosts.ts';
import { provided } from '../place/recorded-host.ts';
import type { EngineDependencies, Planned, PlanRequest, PreflightFinding } from '../run/engine.ts';
import { checkRequirements, firstUnmet } from '../run/preflight.ts';
import { runExists } from '../run/run-refusal.ts';
import { optionsWith } from '../run/start/run-options.ts';
import type { RedactedInput, Secrets } from '../secrets/secrets.ts';
import { planRun } from './plan-run.ts';
import type { SavedPlan } from './saved-plan.ts';

/** Plans a run, and checks its requirements. Touches and stores nothing. @throws WfError E_WORKFLOW_INVALID, E_STEP_INPUT */
export async function planNewRun(
  { runtimes, newRunId, clock }: EngineDependencies,
  { workflow, definition, input, runtime: name, options, id }: PlanRequest,
  redacted: RedactedInput,
): Promise<Planned> {
  requireConfirmable(workflow, options);
  const runtime = runtimes[name];
  const hosts = hostsOf(workflow, input);
  const general = workflow.networking ? await runtime.checkMachine(hosts) : [];
  const host = await provided(await runtime.open({ id: newRunId(), createdAt: clock.now() }, null), hosts);
  try {
    const own = await checkRequirements(workflow.requirements(input), host.ports, host.named);
    const planned = {
      workflow,
      definition,
      runtime: name,
      options: optionsWith(redacted.names, options),
      run: id ?? null,
    };
    return {
      plan: await planRun(planned, redacted, host),
      definition: definition.description,
      findings: redactedFindings([...general, ...own], redacted.secrets),
    };
  } finally {
    host.close();
  }
}

function redactedFindings(findings: readonly PreflightFinding[], secrets: Secrets): readonly PreflightFinding[] {
  return findings.map(({ requirement, result }): PreflightFinding => {
    const { title, purpose } = requirement;
    const redacted = { ...requirement, title: secrets.redactText(title), purpose: secrets.redactText(purpose) };
    if (result.met) return { requirement: redacted, result: { met: true, found: secrets.redactText(result.found) } };
    return { requirement: redacted, result: { met: false, error: secrets.redactError(result.error) } };
  });
}

/** Stores a plan. @throws WfError the error of the first unmet requirement; E_RUN_EXISTS */
export function savePlan(dependencies: EngineDependencies, { plan, definition, findings }: Planned): SavedPlan {
  const unmet = firstUnmet(findings);
  if (unmet !== undefined) throw unmet;
  // Opened only now: a refused plan leaves no database behind.
  const { history, newRunId, clock } = dependencies;
  const { run } = plan;
  const id = parsePlanId(newRunId());
  if (run === null || id === undefined)
    throw new WfError('E_INTERNAL', 'a plan without an id', { hint: 'Report this.' });
  if (history.run(run) !== undefined) throw runExists(run);
  const saved = { ...plan, run, id, createdAt: clock.now() };
  history.putPlan(saved, definition);
  return saved;
}
