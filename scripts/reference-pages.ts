import { Command } from 'commander';
import { argumentWords } from '../src/cli/command-table/arguments.ts';
import { examplesOf } from '../src/cli/command-table/examples.ts';
import { addCommands, addGlobalOptions } from '../src/cli/command-table/groups.ts';
import { type Json, toJson } from '../src/engine/model/json.ts';
import { limitText } from '../src/engine/model/time-limit.ts';
import { runnerOf } from '../src/engine/workflow/define-step.ts';
import type { StepRunner } from '../src/engine/workflow/step.ts';
import { ACTING_TOOLS } from '../src/mcp/acting-tools.ts';
import { ANSWER_LIMIT } from '../src/mcp/answer.ts';
import { READING_TOOLS } from '../src/mcp/reading-tools.ts';
import type { Tool } from '../src/mcp/tool.ts';
import { sentence } from '../src/review/text/format/sentence.ts';
import { type SchemaMember, schemaMembers } from '../src/review/text/schema-members.ts';
import { GIVEN_BY } from '../src/steps/examples/example.ts';
import { exampleText } from '../src/steps/examples/example-text.ts';
import * as steps from '../src/steps/index.ts';
import { httpApiPage } from './http-api-page.ts';
import { code, fenced, NOTE, page, table } from './markdown.ts';

/** Options that commander itself adds. */
const ALWAYS = [
  { flags: '-V, --version', description: 'print the version' },
  { flags: '-h, --help', description: 'print the help of a command' },
];

const EFFECTS = { change: 'changes the host', undo: 'undoes changes', read: 'reads' } as const;

/** Returns the page of commands, arguments and options, from the command table. */
function commandLinePage(): string {
  const program = addGlobalOptions(new Command('wf'));
  addCommands(program, () => () => {});
  const groups = new Map<string, string[]>();
  for (const command of program.commands) {
    const heading = command.helpGroup();
    groups.set(heading, [...(groups.get(heading) ?? []), ...commandParts(command)]);
  }
  return page([
    '# Command line',
    NOTE,
    'Every command takes these options. `wf help COMMAND` prints the help of one command.',
    optionTable([...program.options, ...ALWAYS]),
    'Name a run by its id, by the beginning of its id, or by `@latest`. wf writes progress, warnings and errors to standard error, and results to standard output. See [exit codes and error codes](errors.md).',
    ...[...groups].flatMap(([heading, parts]) => [`## ${heading.replace(/:$/, '')}`, ...parts]),
  ]);
}

function commandParts(command: Command): readonly string[] {
  const { registeredArguments, options } = command;
  const words = [...(options.length === 0 ? [] : ['[options]']), ...argumentWords(command)];
  const usage = ['wf', command.name(), ...words].join(' ');
  const examples = examplesOf(command.name())
    .split('\n')
    .filter((line) => line.startsWith('  '))
    .map((line) => (line.startsWith('      ') ? `    # ${line.trim()}` : line.trim()));
  const taken = registeredArguments.map((one) => [code(one.name()), described(one)]);
  return [
    `### wf ${command.name()}`,
    command.description(),
    fenced('text', [usage]),
    ...(taken.length === 0 ? [] : [table(['argument', ''], taken)]),
    ...(options.length === 0 ? [] : [optionTable(options)]),
    ...(examples.length === 0 ? [] : [fenced('sh', examples)]),
  ];
}

interface Described {
  readonly description: string;
  readonly argChoices?: readonly string[] | undefined;
}

function optionTable(options: readonly (Described & { readonly flags: string })[]): string {
  return table(
    ['option', ''],
    options.map((option) => [code(option.flags), described(option)]),
  );
}

function described({ description, argChoices }: Described): string {
  return argChoices === undefined ? description : `${description}: ${argChoices.map(code).join(', ')}`;
}

/** Returns the page of the step runners that come with wf, from their definitions. */
function stepRunnersPage(): string {
  const runners = Object.entries(steps)
    .flatMap(([name, exported]) => {
      const runner = runnerOf(exported);
      return runner === undefined ? [] : [{ name, runner }];
    })
    .toSorted((a, b) => (a.runner.kind < b.runner.kind ? -1 : 1));
  const given = Object.entries(GIVEN_BY).map(([name, by]) => `${code(name)} of ${code(by)}`);
  const overview = runners.map(({ name, runner: { kind, behaviour, description } }) => [
    `[${code(kind)}](#${kind.replaceAll('.', '')})`,
    code(name),
    EFFECTS[behaviour.type],
    description,
  ]);
  return page([
    '# Step runners',
    NOTE,
    'These step runners come with wf. Import one from `wf-engine/steps` by its name and give it to `setup({ actors })`. `wf steps KIND` prints the same in the terminal, and `wf steps KIND --json` prints JSON Schema. See [write a workflow](../how-to/write-a-workflow.md) and [write a step runner](../how-to/write-a-step-runner.md).',
    `A test carries out each example. In the examples, the context has outputs of earlier steps: ${given.join(', ')}.`,
    table(['kind', 'import', 'effect', ''], overview),
    ...runners.flatMap(({ name, runner }) => runnerParts(name, runner)),
  ]);
}

function runnerParts(name: string, { kind, description, behaviour, policy, schemas }: StepRunner): readonly string[] {
  const { timeoutMs, retry } = policy;
  const attempts = retry.attempts === 1 ? '1 attempt' : `up to ${retry.attempts} attempts`;
  const facts = `\`${name}\` ${EFFECTS[behaviour.type]}. Time-out: ${limitText(timeoutMs)}, ${attempts}.`;
  const example = exampleText(kind);
  const kept = behaviour.type === 'change' && behaviour.kept !== null ? [`The change is kept: ${behaviour.kept}.`] : [];
  return [
    `## ${kind}`,
    [description, facts, ...kept].join(' '),
    ...(example === null ? [] : [fenced('ts', example.split('\n'))]),
    schemaTable('input', schemas.input),
    schemaTable('output', schemas.output),
  ];
}

/** Returns the page of the tools of `wf mcp`. */
function mcpPage(): string {
  const groups: readonly (readonly [string, readonly Tool[]])[] = [
    ['Tools that read', READING_TOOLS],
    ['Tools that need --allow-actions', ACTING_TOOLS],
  ];
  return page([
    '# Tools of wf mcp',
    NOTE,
    `\`wf mcp\` offers these tools to a client of the Model Context Protocol: see [connect an assistant](../how-to/connect-an-assistant.md). An answer has at most ${ANSWER_LIMIT.toLocaleString('en')} characters. It is the document that the command prints with \`--json\` (see [JSON output](run-record.md)), or the error, and warnings in a text of their own. Unknown arguments are errors.`,
    ...groups.flatMap(([title, tools]) => [`## ${title}`, ...tools.flatMap(toolParts)]),
  ]);
}

function toolParts({ description: { name, description = '', inputSchema } }: Tool): readonly string[] {
  return [`### ${name}`, description, schemaTable('argument', toJson(inputSchema))];
}

function schemaTable(title: string, schema: Json): string {
  const rows = memberRows(schemaMembers(schema, code), '');
  return rows.length === 0 ? `${sentence(title).slice(0, -1)}: none.` : table([title, 'type', 'default', ''], rows);
}

function memberRows(members: readonly SchemaMember[], prefix: string): readonly (readonly string[])[] {
  return members.flatMap(({ name, type, preset, isRequired, description, members: inner }) => {
    const fallback = isRequired ? 'required' : 'optional';
    const row = [code(prefix + name), type, preset === null ? fallback : code(preset), description];
    return [row, ...memberRows(inner, `${prefix}${name}.`)];
  });
}

/** Generated pages of docs/, by their path. */
export const REFERENCE_PAGES: Readonly<Record<string, () => string>> = {
  'docs/reference/cli.md': commandLinePage,
  'docs/reference/mcp.md': mcpPage,
  'docs/reference/step-runners.md': stepRunnersPage,
  'docs/reference/http-api.md': httpApiPage,
};
