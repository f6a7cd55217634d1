import type { Argument, Command, Option } from 'commander';

/** A word that completes the command line. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** Completions of a word: these words, or file names, which the shell completes itself. */
export type Completion = 'files' | readonly Candidate[];

/** Names that command lines may contain. */
export interface CompletionSource {
  workflows(): Promise<readonly Candidate[]>;
  /** Returns the runs that the command accepts and whose id has the prefix, newest first. */
  runs(command: string, prefix: string): Promise<readonly Candidate[]>;
  /** Returns the plans that the command accepts, newest first. */
  plans(command: string): Promise<readonly Candidate[]>;
  /** Returns the steps of a run; for `logs` also its stages. */
  steps(command: string, run: string): Promise<readonly Candidate[]>;
  stages(of: StageOwner): Promise<readonly Candidate[]>;
  inputs(of: StageOwner): Promise<readonly KnownInput[]>;
  kinds(): Promise<readonly Candidate[]>;
}

/** An input of a workflow, with its values if there are few. */
export interface KnownInput {
  readonly name: string;
  readonly description: string;
  readonly values: readonly string[];
}

/** The workflow or run whose stages and inputs are completed. */
export interface StageOwner {
  readonly workflow?: string | undefined;
  readonly run?: string | undefined;
}

const NONE: readonly Candidate[] = [];
const HELP: Candidate = { value: '--help', description: 'show help' };

/** Returns the completions of the last of these words; `wf` itself is not included. */
export async function complete(
  program: Command,
  words: readonly string[],
  source: CompletionSource,
): Promise<Completion> {
  const typed = words.at(-1) ?? '';
  const place = placeAfter(program, words.slice(0, -1));
  if (place === undefined) return NONE;
  const completion = await completionAt(program, place, typed, source);
  return completion === 'files' ? completion : completion.filter(({ value }) => value.startsWith(typed));
}

/** State of a command line at the word to complete. */
interface Place {
  readonly command: Command | undefined;
  readonly positional: readonly string[];
  readonly given: ReadonlySet<string>;
  /** Values of options, by the long name. */
  readonly values: ReadonlyMap<string, string>;
  /** The option whose value comes next. */
  readonly awaiting: Option | undefined;
  /** After `--` no word is an option. */
  readonly optionsEnded: boolean;
}

/** Undefined after an unknown command. */
function placeAfter(program: Command, words: readonly string[]): Place | undefined {
  let command: Command | undefined;
  let awaiting: Option | undefined;
  let optionsEnded = false;
  const positional: string[] = [];
  const given = new Set<string>();
  const values = new Map<string, string>();
  for (const word of words) {
    if (awaiting !== undefined) {
      values.set(nameOf(awaiting), word);
      awaiting = undefined;
    } else if (word === '--') {
      optionsEnded = true;
    } else if (word.startsWith('-') && !optionsEnded) {
      const [flag = '', value] = word.split('=', 2);
      const option = optionsOf(program, command).find(isNamed(flag));
      if (option === undefined) continue;
      given.add(nameOf(option));
      if (value !== undefined) values.set(nameOf(option), value);
      else if (option.required) awaiting = option;
    } else if (command === undefined && positional[0] !== 'help') {
      command = program.commands.find((one) => one.name() === word);
      if (command === undefined && word !== 'help') return undefined;
      if (command === undefined) positional.push(word);
    } else {
      positional.push(word);
    }
  }
  return { command, positional, given, values, awaiting, optionsEnded };
}

async function completionAt(
  program: Command,
  place: Place,
  typed: string,
  source: CompletionSource,
): Promise<Completion> {
  const { command, positional, awaiting } = place;
  if (awaiting !== undefined) return valuesOf(awaiting, place, typed, source);
  if (typed.startsWith('-') && !place.optionsEnded) {
    const equals = typed.indexOf('=');
    if (equals === -1) return flagsOf(optionsOf(program, command), place);
    const option = optionsOf(program, command).find(isNamed(typed.slice(0, equals)));
    if (option === undefined) return NONE;
    const values = await valuesOf(option, place, typed.slice(equals + 1), source);
    if (values === 'files') return values;
    return values.map(({ value, description }) => ({ value: `${typed.slice(0, equals + 1)}${value}`, description }));
  }
  if (command === undefined) return positional.length < 2 ? commandsOf(program, positional) : NONE;
  const argument = command.registeredArguments[positional.length];
  return argument === undefined ? NONE : argumentsFor(argument, command, place, typed, source);
}

function optionsOf(program: Command, command: Command | undefined): readonly Option[] {
  return [...(command?.options ?? []), ...program.options];
}

function isNamed(flag: string): (option: Option) => boolean {
  return ({ short, long }) => flag === short || flag === long;
}

function nameOf(option: Option): string {
  return option.long ?? option.flags;
}

/** Returns the options that were not given yet, or are repeatable. */
function flagsOf(options: readonly Option[], { given }: Place): readonly Candidate[] {
  const left = options.filter((option) => !given.has(nameOf(option)) || option.parseArg !== undefined);
  return [...left.map((option) => ({ value: nameOf(option), description: option.description })), HELP];
}

function commandsOf(program: Command, positional: readonly string[]): readonly Candidate[] {
  const commands = program.commands
    .filter((command) => !command.name().startsWith('_'))
    .map((command) => ({ value: command.name(), description: command.summary() }));
  return positional.length === 0
    ? [...commands, { value: 'help', description: 'show the help of a command' }]
    : commands;
}

function choices(values: readonly string[], description: string): readonly Candidate[] {
  return values.map((value) => ({ value, description }));
}

async function argumentsFor(
  argument: Argument,
  command: Command,
  place: Place,
  typed: string,
  source: CompletionSource,
): Promise<Completion> {
  if (argument.argChoices !== undefined) return choices(argument.argChoices, argument.description);
  const [first = ''] = place.positional;
  switch (argument.name()) {
    case 'workflow':
      return source.workflows();
    case 'run':
    case 'other':
      return source.runs(command.name(), typed);
    case 'plan':
      return source.plans(command.name());
    case 'of':
      return [...(await source.workflows()), ...(await source.runs(command.name(), typed))];
    case 'step':
      return source.steps(command.name(), first);
    case 'kind':
      return source.kinds();
    case 'file':
      return 'files';
    default:
      return NONE;
  }
}

async function valuesOf(option: Option, place: Place, typed: string, source: CompletionSource): Promise<Completion> {
  if (option.argChoices !== undefined) return choices(option.argChoices, option.description);
  const meaning = /<([^>]+)>/.exec(option.flags)?.[1] ?? '';
  const command = place.command?.name() ?? '';
  switch (nameOf(option) === '--workflow' && meaning === 'name' ? 'workflow' : meaning) {
    case 'workflow':
      return source.workflows();
    case 'run':
      return source.runs(command, typed);
    case 'stage':
      return source.stages(ownerIn(place));
    case 'name=value':
      return typed.includes('=')
        ? inputValues(typed, await source.inputs(ownerIn(place)))
        : inputNames(await source.inputs(ownerIn(place)));
    case 'file':
    case 'argv':
      return 'files';
    default:
      return NONE;
  }
}

function inputNames(inputs: readonly KnownInput[]): readonly Candidate[] {
  return inputs.map(({ name, description }) => ({ value: `${name}=`, description }));
}

/** Returns the possible values of an input; files if any value is possible. */
function inputValues(typed: string, inputs: readonly KnownInput[]): Completion {
  const name = typed.slice(0, typed.indexOf('='));
  const { values = [], description = '' } = inputs.find((input) => input.name === name) ?? {};
  return values.length === 0 ? 'files' : values.map((value) => ({ value: `${name}=${value}`, description }));
}

/** Returns the workflow or run of the command line. */
function ownerIn({ command, positional, values }: Place): StageOwner {
  const [first] = positional;
  return command?.name() === 'start' ? { workflow: first } : { run: first, workflow: values.get('--workflow') };
}
