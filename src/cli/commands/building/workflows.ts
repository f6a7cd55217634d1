import { z } from 'zod';
import { isJsonObject } from '../../../engine/model/json.ts';
import { warningLines } from '../../../review/text/error-text.ts';
import { tableLines } from '../../../review/text/format/table.ts';
import { workflowLines } from '../../../review/text/workflow-text.ts';
import { workflowByReference } from '../../arguments/workflow-reference.ts';
import { defineCommand } from '../../define-command.ts';
import { type Terminal, writeJson, writeLines } from '../../output/terminal.ts';
import type { ResolvedWorkflow, Services } from '../../services/services.ts';

const options = z.object({ json: z.boolean().default(false), workflow: z.string().optional() });

/** `wf workflows [WORKFLOW]`: lists all workflows, with the errors of those that cannot be loaded, or shows one. */
export const workflows = defineCommand(options, async ({ json, workflow }, services, terminal) => {
  if (workflow !== undefined) showWorkflow(await workflowByReference(services, workflow), json, terminal);
  else await listWorkflows(json, services, terminal);
  return 0;
});

function showWorkflow({ workflow, definition, file }: ResolvedWorkflow, json: boolean, { out }: Terminal): void {
  const { name, version, description, model, secretInputs = [] } = workflow;
  const input = isJsonObject(definition.description) ? (definition.description['input'] ?? null) : null;
  const record = { name, version, description, file, stages: model.stages, input, secretInputs };
  if (json) writeJson(out, record);
  else writeLines(out, workflowLines(record, out.style));
}

async function listWorkflows(json: boolean, services: Services, { out, err }: Terminal): Promise<void> {
  const found = await services.workflows();
  if (json) {
    writeJson(
      out,
      found.map(({ name, version, description, file, error }) => ({ name, version, description, file, error })),
    );
    return;
  }
  if (found.length === 0) {
    writeLines(err, [
      'No workflows found. Put workflow files into the folder `workflows` of a project, or run `wf new workflow NAME`.',
    ]);
    return;
  }
  const { style } = out;
  const columns = [{ title: 'workflow' }, { title: 'version' }, { title: 'description', shrinksTo: 20 }];
  const rows = found.map(({ name, version, description, error }) => [
    name,
    version ?? '-',
    error === null ? (description ?? '') : { text: error.code, paint: style.colors.red },
  ]);
  writeLines(out, tableLines(columns, rows, style));
  for (const { error } of found) if (error !== null) writeLines(err, warningLines(error, err.style));
}
