import { type Command, InvalidArgumentError, Option } from 'commander';

/** Returns the arguments of a command as its usage names them: `<run>`, `[step]`. */
export function argumentWords({ registeredArguments }: Command): readonly string[] {
  return registeredArguments.map((one) => (one.required ? `<${one.name()}>` : `[${one.name()}]`));
}

export const RUN_ARGUMENT = 'id of the run, the beginning of its id, or @latest';

export const PLAN_ARGUMENT = 'id of the plan, the beginning of its id, or @latest';

export const RUN_TO_READ = `${RUN_ARGUMENT} (default: @latest)`;

export const PAUSE_AFTER = 'pause after this stage; `wf resume` continues';

export const SECRET_AGAIN = 'give a secret input again, as @env:VARIABLE or @file:PATH; repeatable';

/** Adds the options by which secret inputs of a run are given again. */
export function addSecretOptions(command: Command): Command {
  return command
    .option('--input <name=value>', SECRET_AGAIN, collect)
    .option('--input-file <file>', 'JSON file with secret inputs, - is standard input; --input takes precedence');
}

export const WORKFLOW_FILE = 'file of the workflow, if it has moved since the run started';

export const NOTIFY =
  'run this when the run needs people, with the run record on its stdin: a program, or argv as JSON';

export const NO_NOTIFY = 'run no such command, even if the workflow names one';

export const EXIT_CODE = 'with --follow: end with the exit code of the run, as wf start does';

/** Adds the options of a command that writes a document: a file, and a format if there are several. */
export function addDocumentOptions(command: Command, formats: readonly string[] = []): Command {
  if (formats.length > 0) command.addOption(new Option('--format <format>', 'format to write').choices(formats));
  return command
    .option('-o, --output <file>', 'write to this file; - is standard output, the default')
    .option('--force', 'replace the file if it exists');
}

/** Collects the values of a repeatable option. */
export function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

/** Parses a positive integer. @throws InvalidArgumentError for any other text. */
export function wholeNumber(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a positive integer.');
  return Number(text);
}

/** Parses a number that may be 0. @throws InvalidArgumentError for any other text. */
export function countNumber(text: string): number {
  return text === '0' ? 0 : wholeNumber(text);
}

/** Parses the number of a port; 0 stands for any free one. @throws InvalidArgumentError for any other text. */
export function portNumber(text: string): number {
  if (!/^[0-9]{1,5}$/.test(text)) throw new InvalidArgumentError('It must be a number from 0 to 65535.');
  return Number(text);
}
