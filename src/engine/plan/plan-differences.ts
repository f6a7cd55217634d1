import { WfError } from '../model/errors.ts';
import type { PlanId, RunId } from '../model/ids.ts';
import type { PreflightFinding } from '../run/engine.ts';
import { observedWords } from './observed-words.ts';
import type { ObservedNow, PlannedPlace, PlanStep, RunPlan, StoredPlan } from './saved-plan.ts';

/** Returns the differences between a plan and the same plan made now, as sentences without a full stop. */
export function planDifferences(
  planned: RunPlan,
  now: RunPlan,
  needs: { readonly network: boolean; readonly folderAndUser: boolean },
): readonly string[] {
  return [
    ...(planned.definitionHash === now.definitionHash ? [] : [`workflow ${planned.workflow} has changed`]),
    ...placeDifferences(planned.place, now.place, needs),
    ...stepDifferences(planned.steps, now.steps),
  ];
}

/** Returns the requirements that were met at the time of the plan, and are not met now. */
export function unmetDifferences(findings: readonly PreflightFinding[]): readonly string[] {
  return findings.flatMap(({ requirement, result }) =>
    result.met ? [] : [`${requirement.title}: ${result.error.message}`],
  );
}

function placeDifferences(
  planned: PlannedPlace | null,
  now: PlannedPlace | null,
  { network, folderAndUser }: { readonly network: boolean; readonly folderAndUser: boolean },
): readonly string[] {
  if (planned === null || now === null) return [];
  const isSameBoot = planned.bootId === now.bootId;
  const compared: readonly (readonly [isCompared: boolean, what: string, then: string | null, here: string | null])[] =
    [
      [true, 'the boot id of the machine (it was restarted, or is another machine)', planned.bootId, now.bootId],
      [isSameBoot && network, 'the network namespace', namespaceText(planned), namespaceText(now)],
      [isSameBoot, 'the PID namespace', planned.pidNamespace, now.pidNamespace],
      [true, 'the Docker engine', planned.engine, now.engine],
      [folderAndUser, 'the working directory', planned.folder, now.folder],
      [folderAndUser, 'the user id', String(planned.user), String(now.user)],
    ];
  return compared.flatMap(([isCompared, what, then, here]) =>
    !isCompared || then === here ? [] : [`${what} was ${then ?? 'none'}, and is ${here ?? 'none'}`],
  );
}

function namespaceText({ networkNamespace: { inode, name } }: PlannedPlace): string {
  return name === null ? String(inode) : `${name} (${inode})`;
}

function stepDifferences(planned: readonly PlanStep[], now: readonly PlanStep[]): readonly string[] {
  const present = new Map(now.map((step) => [step.step, step]));
  const earlier = new Set(planned.map(({ step }) => step));
  return [
    ...planned.flatMap((step) => {
      const other = present.get(step.step);
      if (other === undefined) return [`step ${step.step}: would not run`];
      return [...commandDifference(step, other), ...observationDifference(step, other)];
    }),
    ...now.flatMap(({ step }) => (earlier.has(step) ? [] : [`step ${step}: would run, and is not in the plan`])),
  ];
}

function commandDifference({ step, commands }: PlanStep, other: PlanStep): readonly string[] {
  if (commands.join('\n') === other.commands.join('\n')) return [];
  return [`step ${step}: its commands were ${commands.join('; ')}, and are ${other.commands.join('; ')}`];
}

function observationDifference({ step, observed }: PlanStep, other: PlanStep): readonly string[] {
  if (sameObservation(observed, other.observed)) return [];
  return [`step ${step}: observed was "${observedWords(observed)}", and is "${observedWords(other.observed)}"`];
}

/** Compares unknown states by their codes: their messages may contain text that always differs, such as a time. */
function sameObservation(one: ObservedNow | null, other: ObservedNow | null): boolean {
  if (one === null || other === null) return one === other;
  const isSameError =
    one.error?.code === other.error?.code && (one.found === 'unknown' || one.error?.message === other.error?.message);
  return one.found === other.found && one.target === other.target && isSameError;
}

/** Returns the error for a plan that is out of date. @param differences at least one */
export function planOutdated(
  plan: Pick<StoredPlan, 'id' | 'workflow' | 'options'>,
  differences: readonly string[],
): WfError {
  return new WfError('E_PLAN_OUTDATED', `plan ${plan.id} is out of date: ${differences.join('; ')}`, {
    hint: `Nothing was touched, and the plan is unused. Restore what differs, or make a new plan with \`wf start ${plan.options.file ?? plan.workflow} --plan\`.`,
    details: { plan: plan.id, differences },
  });
}

/** Returns the error for a used plan. */
export function planUsed(plan: PlanId, run: RunId): WfError {
  return new WfError('E_PLAN_USED', `plan ${plan} is used: it started run ${run}`, {
    hint: `Inspect the run with \`wf show ${run}\`, or make a new plan with \`wf start WORKFLOW --plan\`.`,
    details: { plan, run },
  });
}

export function planNotFound(plan: string): WfError {
  return new WfError('E_PLAN_NOT_FOUND', `there is no plan ${plan}`, { hint: 'List the plans with `wf plans`.' });
}
