import type { Json } from '../../engine/model/json.ts';
import { oneLine } from './format/plain-text.ts';
import type { TextStyle } from './format/text-style.ts';
import { schemaLines } from './schema-text.ts';

/** A workflow, as `wf workflows NAME --json` prints it. */
export interface WorkflowRecord {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly file: string;
  readonly stages: readonly string[];
  /** JSON Schema. */
  readonly input: Json;
  /** Names of the inputs that are secrets. */
  readonly secretInputs: readonly string[];
}

/** Returns the output of `wf workflows NAME`: the stages and the inputs of a workflow. */
export function workflowLines(workflow: WorkflowRecord, style: TextStyle): readonly string[] {
  const { name, version, description, file, stages, input, secretInputs } = workflow;
  const { colors } = style;
  const secrets = secretInputs.length === 0 ? [] : [`  secret: ${secretInputs.map(oneLine).join(', ')}`];
  return [
    `${colors.bold(name)}  version ${oneLine(version)}  ${oneLine(description)}`,
    `  ${oneLine(file)}`,
    '',
    colors.bold('stages'),
    `  ${stages.map(oneLine).join(', ')}`,
    '',
    colors.bold('inputs'),
    ...schemaLines(input, style),
    ...secrets,
  ];
}
