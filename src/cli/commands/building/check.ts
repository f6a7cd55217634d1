import { z } from 'zod';
import { asWfError } from '../../../engine/model/errors.ts';
import { checkWorkflow, refusals } from '../../../review/check/check-workflow.ts';
import { type CheckedWorkflow, checkLines } from '../../../review/text/check-text.ts';
import { workflowByReference } from '../../arguments/workflow-reference.ts';
import { defineCommand } from '../../define-command.ts';
import { writeJson, writeLines } from '../../output/terminal.ts';
import type { ResolvedWorkflow, Services } from '../../services/services.ts';

const options = z.object({ json: z.boolean().default(false), workflow: z.string().optional() });

/** `wf check [WORKFLOW]`: checks one or all workflows without running them. Exits with 2 on an error. */
export const check = defineCommand(options, async ({ json, workflow: reference }, services, { out, err }) => {
  const checked = reference === undefined ? await checkAll(services) : [await checkReferred(services, reference)];
  if (json) {
    writeJson(out, checked.map(checkRecord));
  } else if (checked.length === 0) {
    writeLines(err, [
      'No workflows found. Put workflow files into the folder `workflows` of a project, or run `wf new workflow NAME`.',
    ]);
  } else {
    writeLines(
      out,
      checked.flatMap((one, index) => [...(index === 0 ? [] : ['']), ...checkLines(one, out.style)]),
    );
  }
  return checked.some(hasError) ? 2 : 0;
});

async function checkAll(services: Services): Promise<readonly CheckedWorkflow[]> {
  const checked: CheckedWorkflow[] = [];
  for (const { name, file } of await services.workflows())
    checked.push(await checkOne(name, file, () => services.workflow(name)));
  return checked;
}

function checkReferred(services: Services, reference: string): Promise<CheckedWorkflow> {
  return checkOne(reference, reference, () => workflowByReference(services, reference));
}

/** Checks one workflow. A file that cannot be loaded is a finding; a missing file is a usage error. */
async function checkOne(name: string, file: string, load: () => Promise<ResolvedWorkflow>): Promise<CheckedWorkflow> {
  try {
    const { workflow, definition, file: found } = await load();
    return { workflow: workflow.name, file: found, findings: checkWorkflow(workflow, definition.description) };
  } catch (thrown) {
    const error = asWfError(thrown);
    if (error.code !== 'E_WORKFLOW_INVALID') throw error;
    return { workflow: name, file, findings: refusals(error) };
  }
}

function checkRecord(checked: CheckedWorkflow) {
  const { workflow, file, findings } = checked;
  return {
    workflow,
    file,
    ok: !hasError(checked),
    findings: findings.map(({ check, severity, where, message, hint }) => ({ check, severity, where, message, hint })),
  };
}

function hasError({ findings }: CheckedWorkflow): boolean {
  return findings.some(({ severity }) => severity === 'error');
}
