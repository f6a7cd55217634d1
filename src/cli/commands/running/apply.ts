import { z } from 'zod';
import { planUsed } from '../../../engine/plan/plan-differences.ts';
import { requestOfPlan } from '../../../engine/plan/request-of-plan.ts';
import { prepareInterrupts } from '../../../host/workflow-code/interrupt-thread.ts';
import { requirePlannedDefinition } from '../../../library/planned-definition.ts';
import { findPlan } from '../../arguments/find-plan.ts';
import { refuseOtherInputs, requiredSecrets } from '../../arguments/secrets/run-secrets.ts';
import { workflowByReference } from '../../arguments/workflow-reference.ts';
import { defineCommand } from '../../define-command.ts';
import { startRun } from './start.ts';

const options = z.object({
  plan: z.string(),
  input: z.array(z.string()).default([]),
  detach: z.boolean().default(false),
  onHangup: z.enum(['continue', 'interrupt']).default('continue'),
  json: z.boolean().default(false),
});

/** `wf apply PLAN`: starts exactly what was planned, and follows the run to its end; refuses with what differs. */
export const apply = defineCommand(options, async (given, services, terminal) => {
  const { history, plan } = findPlan(await services.historyForReading(), given.plan, services.places.database);
  const { id, run, usedBy, options, workflow: name, runtime } = plan;
  if (usedBy !== null) throw planUsed(id, usedBy);
  if (given.detach) {
    const { detach } = await import('./start-detached.ts');
    const inputs = given.input.map((each) => `--input=${each}`);
    const json = given.json ? ['--json'] : [];
    const typed = ['apply', `--db=${services.places.database}`, `--on-hangup=${given.onHangup}`, ...inputs, ...json];
    return detach([...typed, '--', id], run, given.json, services, terminal);
  }
  prepareInterrupts();
  const resolved = await workflowByReference(services, options.file ?? name);
  requirePlannedDefinition(plan, resolved, history.definition(plan.definitionHash));
  const again = { owner: `plan ${id}`, command: `wf apply ${id}`, does: `apply plan ${id}`, instead: null };
  refuseOtherInputs({ ...plan, again }, given.input);
  const { values } = requiredSecrets({ ...plan, again }, given.input, resolved.workflow);
  const request = requestOfPlan(plan, resolved, values);
  return startRun(request, { runtime, why: null }, await services.engine(), given, services, terminal);
});
