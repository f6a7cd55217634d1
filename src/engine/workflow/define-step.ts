import { fromPromise, type PromiseActorLogic } from 'xstate';
import { z } from 'zod';
import { WfError } from '../model/errors.ts';
import { type HasNoJson, type Json, type JsonOf, notJson, toJson } from '../model/json.ts';
import type { Argv } from '../ports/command.ts';
import type { Facet } from './facets.ts';
import type {
  ChangeBehaviour,
  ChangeState,
  HostContext,
  HostPorts,
  Observation,
  ReadBehaviour,
  RetryPolicy,
  StepContext,
  StepPolicy,
  StepRunner,
} from './step.ts';

/** The default policy of a runner. */
const DEFAULT_POLICY: StepPolicy = {
  timeoutMs: 30_000,
  retry: { attempts: 1, initialMs: 100, factor: 2, maxMs: 5_000 },
};

interface StepDefinitionBase<Input extends z.ZodType, Output extends z.ZodType> {
  /** Family and name, e.g. `docker.network`. */
  readonly kind: string;
  readonly description: string;
  /** An unknown key is an error (E_STEP_INPUT), unless the schema is a `z.looseObject`. Nested objects follow their own schemas. */
  readonly input: Input;
  readonly output: Output;
  readonly timeoutMs?: number;
  readonly retry?: RetryPolicy;
  /** Returns the retries that the input asks for instead of `retry`; undefined if it asks for none. */
  retryOf?(input: z.output<Input>): RetryPolicy | undefined;
  /** See StepRunner; false if absent. */
  readonly runsAnyCommand?: boolean;
  /** Returns the commands that a person would type for the same effect. */
  commands(input: z.output<Input>): readonly Argv[];
  /** Returns the output for a dry run; it must satisfy the output schema. */
  rehearse(input: z.output<Input>): z.output<Output>;
}

export interface ReadStepDefinition<Input extends z.ZodType, Output extends z.ZodType>
  extends StepDefinitionBase<Input, Output> {
  /** Returns the ids of the earlier steps whose changes it undoes; absent if it undoes none. */
  undoes?(input: z.output<Input>): readonly string[];
  /** Reads the host and makes no change of its own. */
  read(input: z.output<Input>, context: StepContext): Promise<z.output<Output>>;
}

export interface ChangeStepDefinition<Input extends z.ZodType, Output extends z.ZodType, Record extends z.ZodType>
  extends StepDefinitionBase<Input, Output> {
  /** Identity, previous state, and all that undo needs: it receives nothing else. */
  readonly record: Record;
  /** Why the change is meant to stay; absent if it is not. */
  readonly kept?: string;
  readonly survivesReboot: boolean;
  /**
   * The facets of the host's network and containers that the step can alter, and fully records: wf takes fingerprints of these; `[]` for
   * a step that alters files and the like. If absent, the step may alter anything: wf compares every facet, and an unexplained difference
   * fails the run.
   */
  readonly alters?: readonly Facet[];
  /** See ChangeBehaviour; 0 if absent. */
  readonly lateEffectMs?: number;
  observe(
    input: z.output<Input>,
    context: StepContext,
    earlier: z.output<Record> | undefined,
  ): Promise<Observation<z.output<Record>, z.output<Output>>>;
  apply(
    input: z.output<Input>,
    record: z.output<Record>,
    found: 'absent' | 'partial',
    context: StepContext,
  ): Promise<z.output<Record>>;
  inspect(record: z.output<Record>, context: HostContext): Promise<ChangeState>;
  /** See ChangeBehaviour. */
  requireMadeHere?(record: z.output<Record>, host: HostPorts): Promise<void>;
  /** Undoes the change. Returns its state if `inspect` cannot determine it; otherwise nothing, and wf calls `inspect` again. */
  undo(record: z.output<Record>, context: HostContext): Promise<ChangeState> | Promise<void>;
  undoCommands(record: z.output<Record>): readonly Argv[];
  /** Returns the same for a dry run, without a record; absent if the change vanishes with another one. */
  rehearseUndo?(input: z.output<Input>): readonly Argv[];
}

/**
 * A step runner as a value for XState's `setup({ actors })`: the machine gets its input and output types. For XState's own tools it is an
 * ordinary promise actor; only the engine of wf carries it out.
 */
export type StepActor<Input, Output> = PromiseActorLogic<Output, Input> & {
  readonly runner: StepRunner;
  /** The named host that it works on; absent for the run's own. */
  readonly host?: string;
  /**
   * Returns the same runner with another time-out or retry policy. `alters` limits the comparison to these facets, for a command that is
   * known to alter no others (`execCommand.with({ alters: [] })`).
   */
  with(changed: Partial<StepPolicy> & { readonly alters?: readonly Facet[] }): StepActor<Input, Output>;
};

/** Makes a schema whose values JSON cannot represent a compile error. */
type IsJson<Schema extends z.ZodType, Member extends string> =
  true extends HasNoJson<z.output<Schema>>
    ? { readonly [Key in Member]: 'it has a member that JSON cannot represent, such as a Date' }
    : unknown;

/**
 * Defines a step runner that changes the host, or one that only reads. It needs no registration. The journal stores output and record as
 * JSON: members that are `undefined` are absent, and a Date or a Map is refused.
 */
export function defineStep<Input extends z.ZodType, Output extends z.ZodType, Record extends z.ZodType>(
  definition: ChangeStepDefinition<Input, Output, Record> & IsJson<Output, 'output'> & IsJson<Record, 'record'>,
): StepActor<z.input<Input>, JsonOf<z.output<Output>>>;
export function defineStep<Input extends z.ZodType, Output extends z.ZodType>(
  definition: ReadStepDefinition<Input, Output> & IsJson<Output, 'output'>,
): StepActor<z.input<Input>, JsonOf<z.output<Output>>>;
export function defineStep<Input extends z.ZodType, Output extends z.ZodType, Record extends z.ZodType>(
  definition: ReadStepDefinition<Input, Output> | ChangeStepDefinition<Input, Output, Record>,
): StepActor<z.input<Input>, JsonOf<z.output<Output>>> {
  const parseInput = (input: unknown): z.output<Input> => {
    requireKnownKeys(definition, input);
    return parseAs(definition, definition.input, input, 'input');
  };
  const policy: StepPolicy = {
    timeoutMs: definition.timeoutMs ?? DEFAULT_POLICY.timeoutMs,
    retry: definition.retry ?? DEFAULT_POLICY.retry,
  };
  const behaviour =
    'read' in definition ? readBehaviour(definition, parseInput) : changeBehaviour(definition, parseInput);
  return stepActor({
    kind: definition.kind,
    description: definition.description,
    policy,
    behaviour,
    runsAnyCommand: definition.runsAnyCommand ?? false,
    parseInput: (input) => toJson(parseInput(input)),
    retryOf: (input) => definition.retryOf?.(parseInput(input)),
    rehearse(input) {
      const parsed = parseInput(input);
      const output = parseAs(definition, definition.output, definition.rehearse(parsed), 'output');
      const undo = 'rehearseUndo' in definition ? (definition.rehearseUndo?.(parsed) ?? []) : [];
      const undoes = 'undoes' in definition ? (definition.undoes?.(parsed) ?? []) : [];
      return { commands: definition.commands(parsed), output: asJson(definition, output, 'output'), undo, undoes };
    },
    get schemas() {
      return { input: jsonSchema(strictOf(definition.input)), output: jsonSchema(definition.output) };
    },
  });
}

/**
 * Returns the step runner of an actor logic that defineStep made; undefined for any other. All copies of wf share the symbol that marks
 * it: a package of step runners may use its own copy.
 */
export function runnerOf(logic: unknown): StepRunner | undefined {
  return isStepActor(logic) ? logic.runner : undefined;
}

function isStepActor(logic: unknown): logic is { readonly runner: StepRunner } {
  return typeof logic === 'object' && logic !== null && STEP_ACTOR in logic;
}

const STEP_ACTOR = Symbol.for('wf.step-actor');

/** Returns the actor logic of a step runner. @param host see StepActor */
export function stepLogic<Output, Input>(runner: StepRunner, host?: string) {
  const logic = unrunnableLogic<Output, Input>(`step runner ${runner.kind}`);
  return Object.assign(logic, { [STEP_ACTOR]: true, runner, ...(host === undefined ? {} : { host }) });
}

/** Returns an actor logic that only wf's engine carries out. */
export function unrunnableLogic<Output, Input>(what: string): PromiseActorLogic<Output, Input> {
  return fromPromise<Output, Input>(() => {
    throw new WfError('E_INTERNAL', `the ${what} was started outside wf's engine`, {
      hint: 'Start the workflow with `wf start` or openEngine().',
    });
  });
}

/** Returns the value of a step runner for XState's `setup({ actors })`. @param host see StepActor */
export function stepActor<Input, Output>(runner: StepRunner, host?: string): StepActor<Input, Output> {
  return Object.assign(stepLogic<Output, Input>(runner, host), {
    with: ({ alters, ...policy }: Partial<StepPolicy> & { readonly alters?: readonly Facet[] }) =>
      stepActor<Input, Output>(
        {
          ...runner,
          schemas: runner.schemas,
          policy: { ...runner.policy, ...policy },
          behaviour: withAlters(runner.behaviour, alters),
        },
        host,
      ),
  });
}

function withAlters(behaviour: StepRunner['behaviour'], alters: readonly Facet[] | undefined): StepRunner['behaviour'] {
  return behaviour.type === 'change' && alters !== undefined ? { ...behaviour, alters } : behaviour;
}

/** Returns the schema with unknown keys refused, unless the schema itself defines what to do with them. */
function strictOf(schema: z.ZodType): z.ZodType {
  return takesKnownKeysOnly(schema) ? schema.strict() : schema;
}

function takesKnownKeysOnly(schema: z.ZodType): schema is z.ZodObject {
  return schema instanceof z.ZodObject && schema.def.catchall === undefined;
}

/**
 * Refuses keys that the input schema does not have: a misspelt optional key (`undoo`) would be dropped in silence.
 * @throws WfError E_STEP_INPUT naming the keys
 */
function requireKnownKeys({ kind, input: schema }: Named & { readonly input: z.ZodType }, input: unknown): void {
  if (!takesKnownKeysOnly(schema) || typeof input !== 'object' || input === null) return;
  const unknown = Object.keys(input).filter((key) => !Object.hasOwn(schema.shape, key));
  if (unknown.length === 0) return;
  const keys = Object.keys(schema.shape);
  const known = keys.length === 0 ? 'Remove it: the step takes no keys.' : `Use its keys: ${keys.join(', ')}.`;
  throw new WfError(
    'E_STEP_INPUT',
    `${kind}: unknown key ${unknown.map((key) => JSON.stringify(key)).join(', ')} in the input`,
    { hint: `${known} \`wf steps ${kind}\` prints the schema.` },
  );
}

type Named = { readonly kind: string };

function readBehaviour<Input extends z.ZodType, Output extends z.ZodType>(
  definition: ReadStepDefinition<Input, Output>,
  parseInput: (input: unknown) => z.output<Input>,
): ReadBehaviour {
  return {
    type: definition.undoes === undefined ? 'read' : 'undo',
    async read(input, context) {
      const output = await definition.read(parseInput(input), context);
      return asJson(definition, parseAs(definition, definition.output, output, 'output'), 'output');
    },
  };
}

function changeBehaviour<Input extends z.ZodType, Output extends z.ZodType, Record extends z.ZodType>(
  definition: ChangeStepDefinition<Input, Output, Record>,
  parseInput: (input: unknown) => z.output<Input>,
): ChangeBehaviour {
  const parseRecord = (record: unknown): z.output<Record> => parseAs(definition, definition.record, record, 'record');
  return {
    type: 'change',
    kept: definition.kept ?? null,
    survivesReboot: definition.survivesReboot,
    alters: definition.alters,
    lateEffectMs: definition.lateEffectMs ?? 0,
    async observe(input, context, earlier) {
      const record = earlier === undefined ? undefined : parseRecord(earlier);
      const seen = await definition.observe(parseInput(input), context, record);
      return observationAsJson(definition, seen);
    },
    async apply(input, record, found, context) {
      const learned = await definition.apply(parseInput(input), parseRecord(record), found, context);
      return asJson(definition, parseRecord(learned), 'record');
    },
    inspect: (record, context) => definition.inspect(parseRecord(record), context),
    requireMadeHere: async (record, host) => definition.requireMadeHere?.(parseRecord(record), host),
    undo: (record, context) => definition.undo(parseRecord(record), context),
    undoCommands: (record) => definition.undoCommands(parseRecord(record)),
  };
}

function observationAsJson<Input extends z.ZodType, Output extends z.ZodType, Record extends z.ZodType>(
  definition: ChangeStepDefinition<Input, Output, Record>,
  seen: Observation<z.output<Record>, z.output<Output>>,
): Observation<Json, Json> {
  const record = (value: z.output<Record>) => asJson(definition, value, 'record');
  const output = (value: z.output<Output>) =>
    asJson(definition, parseAs(definition, definition.output, value, 'output'), 'output');
  switch (seen.found) {
    case 'absent':
    case 'partial':
      return { found: seen.found, target: seen.target, record: record(seen.record) };
    case 'ours':
      return { found: 'ours', target: seen.target, record: record(seen.record), output: output(seen.output) };
    case 'unchanged':
      return { found: 'unchanged', output: output(seen.output) };
    case 'foreign':
    case 'unknown':
      return seen;
  }
}

/** Returns a value as JSON. @throws WfError E_STEP_OUTPUT if that would change a member */
function asJson({ kind }: Named, value: unknown, what: 'output' | 'record'): Json {
  const stray = notJson(value);
  if (stray === undefined) return toJson(value);
  throw new WfError('E_STEP_OUTPUT', `${kind}: ${what}${stray}, which JSON cannot represent`, {
    hint: `Use only strings, numbers, booleans, null, lists and plain objects in the ${what} of the step runner.`,
  });
}

function parseAs<Schema extends z.ZodType>(
  { kind }: Named,
  schema: Schema,
  value: unknown,
  what: 'input' | 'output' | 'record',
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new WfError(
    what === 'input' ? 'E_STEP_INPUT' : 'E_STEP_OUTPUT',
    `${kind}: ${what} is not valid: ${z.prettifyError(parsed.error)}`,
    {
      hint: `Compare it with the ${what} schema that \`wf steps ${kind}\` prints.`,
    },
  );
}

function jsonSchema(schema: z.ZodType): Json {
  return toJson(z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' }));
}
