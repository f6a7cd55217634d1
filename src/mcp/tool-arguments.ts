import { z } from 'zod';
import { WORKFLOW_NAME } from '../definition/find-files.ts';
import { parseRunId } from '../engine/model/ids.ts';
import { RUNTIME_NAMES } from '../engine/ports/runtime.ts';

/** A text that fits on a command line. */
export const textArgument = (description: string) =>
  z.string().min(1).max(10_000).refine(hasNoNul, 'it contains a NUL character').describe(description);

/** The run of a tool that reads. */
export const runToRead = z
  .string()
  .refine(isRunToRead, 'neither a run id nor @latest')
  .describe('id of the run, the beginning of its id, or @latest');

/** The run of a tool that acts: `@latest` may be another run by now. */
export const runToAct = z.string().refine(isRunId, 'not a run id').describe('id of the run, as list_runs returns it');

/** The name of a workflow of the project or of wf, never a path: even tools that only read execute the file. */
export const workflow = z
  .string()
  .regex(WORKFLOW_NAME, 'not the name of a workflow')
  .describe('name of the workflow, as list_workflows returns it');

/** The workflow or run that is drawn. */
export const drawn = z
  .string()
  .refine((given) => WORKFLOW_NAME.test(given) || isRunToRead(given), 'neither the name of a workflow nor a run')
  .describe('name of a workflow, or a run: its id, the beginning of its id, or @latest');

/** Inputs of a run. */
export const inputs = z
  .looseObject({})
  .describe('inputs by name, as describe_workflow describes them; a secret as "@env:VARIABLE" or "@file:PATH"');

/** The runtime of a run. */
export const runtime = z
  .enum(['auto', ...RUNTIME_NAMES])
  .default('auto')
  .describe('what provides networks and containers');

/** Values of inputs, as `wf runs --where` takes them. */
export const inputValues = z
  .object({})
  .catchall(z.union([z.string(), z.number(), z.boolean()]))
  .refine((given) => Object.keys(given).every(isInputName), 'a name is empty, or contains "="')
  .refine((given) => hasNoNul(Object.entries(given).flat().join('')), 'it contains a NUL character');

function isRunId(given: string): boolean {
  return parseRunId(given) !== undefined;
}

function isRunToRead(given: string): boolean {
  return given === '@latest' || isRunId(given);
}

function isInputName(name: string): boolean {
  return name !== '' && !name.includes('=');
}

function hasNoNul(given: string): boolean {
  return !given.includes('\0');
}
