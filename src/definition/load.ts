import type { AnyStateMachine } from 'xstate';
import { z } from 'zod';
import { type MachineModel, modelMachine } from '../engine/machine/machine-model.ts';
import { asWfError, WfError } from '../engine/model/errors.ts';
import type { Json, JsonObject } from '../engine/model/json.ts';
import { type NamedHosts, namedHostsSchema } from '../engine/model/named-host.ts';
import { notifyArgv } from '../engine/notify/notify-argv.ts';
import { secretInputs, storedInputSchema } from '../engine/secrets/secret-inputs.ts';
import type { Narrative, NarrativeFacts } from '../engine/workflow/narrative.ts';
import type { LoadedWorkflow, Proof, WorkflowDefinition } from '../engine/workflow/workflow.ts';
import { type DescribedDefinition, describeDefinition } from './describe.ts';
import { WORKFLOW_NAME, type WorkflowFile } from './find-files.ts';
import { type ImportOptions, importFile } from './import-file.ts';

export interface LoadedFile {
  readonly workflow: LoadedWorkflow;
  readonly definition: DescribedDefinition;
  readonly file: string;
}

/**
 * Loads a workflow file (TypeScript or JavaScript; no build step) and checks what it exports.
 * @throws WfError E_WORKFLOW_INVALID: the file throws, exports no definition, or its machine is refused.
 */
export async function loadWorkflow(source: WorkflowFile, options: ImportOptions): Promise<LoadedFile> {
  return loadDefinition(source, await importWorkflow(source, options));
}

/** Checks the exports of a workflow file, or those that a program passes instead. @throws WfError E_WORKFLOW_INVALID */
export function loadDefinition(source: WorkflowFile, exported: unknown): LoadedFile {
  const definition = definitionIn(source, exported);
  const { name } = source;
  const model = ofWorkflow(source, 'its machine cannot be used', () => modelMachine(name, definition.machine));
  const secrets = ofWorkflow(source, 'its input schema cannot be used', () => secretInputs(name, definition.input));
  const events = joinedEvents(name, definition.events, model);
  return {
    workflow: {
      name: definition.name,
      version: definition.version,
      description: definition.description,
      input: definition.input,
      events,
      model,
      keepsChanges: definition.keepsChanges ?? false,
      networking: [definition, ...childDefinitions(model)].some(({ networking }) => networking ?? false),
      notify: definition.notify,
      secretInputs: secrets,
      hasRequirements: definition.requirements !== undefined,
      requirements: (input: JsonObject) =>
        ofWorkflow(
          source,
          'its requirements throw',
          () => definition.requirements?.(definition.input.parse(input)) ?? [],
        ),
      ...(definition.hosts === undefined
        ? {}
        : {
            hosts: (input: JsonObject) =>
              hostsIn(
                name,
                ofWorkflow(source, 'its hosts throw', () => definition.hosts?.(definition.input.parse(input))),
              ),
          }),
      proofs: (output: Json) =>
        proofsIn(
          name,
          ofWorkflow(source, 'its proofs throw', () => definition.proofs?.(output) ?? []),
        ),
      ...(definition.narrative === undefined
        ? {}
        : {
            narrative: narratorOf(definition.name, storedInputSchema(definition.input, secrets), definition.narrative),
          }),
    },
    definition: ofWorkflow(source, 'it cannot be described', () =>
      describeDefinition({ ...definition, events }, model),
    ),
    file: source.file,
  };
}

function childDefinitions({ children }: MachineModel): readonly WorkflowDefinition[] {
  return [...children.values()].map(({ definition }) => definition);
}

type EventSchemas = WorkflowDefinition['events'];

/** Returns the schemas of the events of a workflow and its children. @throws WfError E_WORKFLOW_INVALID if a type has two */
function joinedEvents(name: string, own: EventSchemas, model: MachineModel): EventSchemas {
  const all = [{ name, events: own }, ...childDefinitions(model)].flatMap((definition) =>
    Object.entries(definition.events ?? {}).map(([type, schema]) => ({ type, schema, name: definition.name })),
  );
  const byType = new Map(all.toReversed().map((event) => [event.type, event]));
  const other = all.find(({ type, schema }) => byType.get(type)?.schema !== schema);
  if (other === undefined) {
    return all.length === 0 ? own : Object.fromEntries(all.map(({ type, schema }) => [type, schema]));
  }
  throw invalid(
    name,
    `the event ${other.type} has one schema in ${byType.get(other.type)?.name} and another in its child ${other.name}`,
    'Give the event of the child another name, or import its schema.',
  );
}

/** Returns the result of `call`; an error of XState, zod or the workflow becomes E_WORKFLOW_INVALID, as it is no defect in wf. */
function ofWorkflow<Answer>({ name, file }: WorkflowFile, what: string, call: () => Answer): Answer {
  try {
    return call();
  } catch (thrown) {
    const { code, message } = asWfError(thrown);
    if (code !== 'E_INTERNAL') throw thrown;
    throw new WfError('E_WORKFLOW_INVALID', `workflow ${name}: ${file}: ${what}: ${message}`, {
      hint: `Fix the file, then try again. \`wf check ${name}\` lists its errors.`,
      cause: thrown,
    });
  }
}

const proofsSchema = z.array(z.object({ claim: z.string(), figures: z.string() }));

function proofsIn(name: string, returned: unknown): readonly Proof[] {
  const proofs = proofsSchema.safeParse(returned);
  if (proofs.success) return proofs.data;
  throw invalid(
    name,
    'proofs() returns no list of proofs',
    'Return a list of { claim, figures } from it, both of them strings.',
  );
}

function hostsIn(name: string, returned: unknown): NamedHosts {
  const hosts = namedHostsSchema().safeParse(returned);
  if (hosts.success) return hosts.data;
  const what = hosts.error.issues.map(({ path, message }) => `${path.join('.') || 'the value'}: ${message}`).join('; ');
  throw invalid(
    name,
    `hosts() returns no hosts: ${what}`,
    'Return hosts by name from it, such as { alpha: {}, beta: {} }.',
  );
}

type Narrate = NonNullable<WorkflowDefinition['narrative']>;

function narratorOf(name: string, input: z.ZodObject, narrate: Narrate): (facts: NarrativeFacts) => Promise<Narrative> {
  return async (facts) => {
    const { narrativeSchema } = await import('../engine/workflow/narrative.ts');
    const narrative = narrativeSchema.safeParse(await narrate({ ...facts, input: input.parse(facts.input) }));
    if (narrative.success) return narrative.data;
    const what = narrative.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
    throw invalid(name, `narrative() returns no narrative: ${what}`, 'Return a value of the type Narrative from it.');
  };
}

async function importWorkflow({ name, file }: WorkflowFile, options: ImportOptions): Promise<unknown> {
  try {
    return await importFile(file, options);
  } catch (thrown) {
    const error = asWfError(thrown);
    // Neither is an error in the content of the file.
    if (error.code === 'E_UNTRUSTED' || error.code === 'E_LIMIT') throw error;
    // Node lists the stack of modules below the first line.
    const [why = ''] = error.message.split('\nRequire stack:');
    throw new WfError('E_WORKFLOW_INVALID', `workflow ${name}: ${file} cannot be loaded: ${why}`, {
      hint: 'Fix the file, then try again. `wf workflows` shows which files load.',
      cause: thrown,
    });
  }
}

function isObjectSchema(value: unknown): boolean {
  return value instanceof z.ZodObject;
}

const PLACELESS = 'must begin with an absolute path, or with the name of a program';

/** Whether a program is the same in whatever folder wf runs. */
function isPlaceless(program: string): boolean {
  return program.startsWith('/') || !program.includes('/');
}

/** The default export of a workflow file, as far as it can be checked without running it. */
const definitionSchema = z.object({
  name: z.string().regex(WORKFLOW_NAME, 'lower-case letters, digits and hyphens'),
  version: z.string().min(1),
  description: z.string(),
  input: z.custom<z.ZodObject>(isObjectSchema, 'must be a zod object schema'),
  machine: z.custom<AnyStateMachine>(isMachine, 'must be an XState v5 machine made with setup(...).createMachine(...)'),
  events: z.record(z.string(), z.custom<z.ZodObject>(isObjectSchema, 'must be a zod object schema')).optional(),
  keepsChanges: z.boolean().optional(),
  networking: z.boolean().optional(),
  notify: z
    .strictObject({ argv: notifyArgv().check(z.refine(([program]) => isPlaceless(program), PLACELESS)) })
    .optional(),
  hosts: z.custom<WorkflowDefinition['hosts']>(isOptionalFunction, 'must be a function').optional(),
  requirements: z.custom<WorkflowDefinition['requirements']>(isOptionalFunction, 'must be a function').optional(),
  proofs: z.custom<WorkflowDefinition['proofs']>(isOptionalFunction, 'must be a function').optional(),
  narrative: z.custom<WorkflowDefinition['narrative']>(isOptionalFunction, 'must be a function').optional(),
});

function definitionIn({ name, file }: WorkflowFile, exported: unknown): z.infer<typeof definitionSchema> {
  const candidate =
    typeof exported === 'object' && exported !== null && 'default' in exported ? exported.default : undefined;
  if (candidate === undefined) {
    throw invalid(name, `${file} has no default export`, 'End the file with `export default defineWorkflow({ ... })`.');
  }
  const parsed = definitionSchema.safeParse(candidate);
  if (!parsed.success) {
    const what = parsed.error.issues.map(
      (issue) => `${issue.path.join('.') || 'the default export'}: ${issue.message}`,
    );
    throw invalid(
      name,
      `${file}: ${what.join('; ')}`,
      'Export the result of defineWorkflow({ name, version, description, input, machine }).',
    );
  }
  if (parsed.data.name !== name) {
    throw invalid(
      name,
      `${file} defines the workflow "${parsed.data.name}"`,
      'Rename the file or the workflow: both must have the same name.',
    );
  }
  return parsed.data;
}

function invalid(name: string, message: string, hint: string): WfError {
  return new WfError('E_WORKFLOW_INVALID', `workflow ${name}: ${message}`, { hint });
}

function isMachine(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && 'root' in value && 'implementations' in value && 'config' in value
  );
}

function isOptionalFunction(value: unknown): boolean {
  return value === undefined || typeof value === 'function';
}
