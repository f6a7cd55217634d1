import { Command, CommanderError } from 'commander';
import { type ExitCode, WfError } from '../engine/model/errors.ts';
import { nearestName } from '../review/text/did-you-mean.ts';
import { PLAIN_STYLE } from '../review/text/format/text-style.ts';
import type { ActionFactory } from './command-table/action-factory.ts';
import { alters } from './command-table/alters.ts';
import { argumentWords } from './command-table/arguments.ts';
import { examplesOf } from './command-table/examples.ts';
import { addCommands, addGlobalOptions, groupsFor } from './command-table/groups.ts';
import type { CliCommand } from './define-command.ts';
import { lateWarnings } from './output/errors/late-warnings.ts';
import { reportError } from './output/errors/report-error.ts';
import { usageError, wasHelp, wasNoCommand, wasVersion } from './output/errors/usage-error.ts';
import { SILENT, type Terminal, withStyle, writeJson } from './output/terminal.ts';
import { untilNotified } from './output/until-notified.ts';
import type { OpenServices, Services } from './services/services.ts';

/**
 * Runs one command line: parses it, loads only the requested command, and returns the exit code. Prints every error, as text or with
 * `--json` as a document.
 */
export async function runCommandLine(
  argv: readonly string[],
  outer: Terminal,
  openServices: OpenServices,
  version: string,
): Promise<ExitCode> {
  const json = wants(argv, '--json');
  const terminal = wants(argv, '--no-color') ? withStyle(outer, { colors: PLAIN_STYLE.colors }) : outer;
  const parsing: Parsing = { command: 'wf', output: '', outcome: undefined };
  const exitCode = await carryOut(argv, parsing, terminal, openServices, version, json);
  const failure = await terminal.out.failure();
  if (failure === undefined) return exitCode;
  const { outcome } = parsing;
  const hasAltered = outcome !== undefined && alters(parsing.command, outcome.given);
  const error = lostOutput(failure, hasAltered);
  reportError(error, terminal, false);
  // A command that altered something keeps its own exit code.
  return exitCode === 0 && !hasAltered ? error.exitCode : exitCode;
}

async function carryOut(
  argv: readonly string[],
  parsing: Parsing,
  terminal: Terminal,
  openServices: OpenServices,
  version: string,
  json: boolean,
): Promise<ExitCode> {
  try {
    await buildProgram(argv, parsing, version, terminal).parseAsync([...argv], { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) return reportError(thrown, terminal, json);
    if (wasHelp(thrown)) return showText('help', parsing.output, terminal, json);
    if (wasVersion(thrown)) return showText('version', parsing.output, terminal, json);
    if (!wasNoCommand(thrown)) return reportError(usageError(thrown, parsing.command), terminal, json);
    if (!json) terminal.err.write(`${parsing.output}\n`);
    return reportError(noCommand(), terminal, json);
  }
  if (parsing.outcome === undefined) return reportError(noCommand(), terminal, json);
  return perform(parsing.outcome, terminal, openServices, json);
}

/** Result of commander, filled in while it parses. */
interface Parsing {
  /** The command that is being parsed, such as `wf start`. */
  command: string;
  /** Text that commander printed: help, or the version. */
  output: string;
  outcome: Invocation | undefined;
}

/** The requested command with its arguments and options. */
interface Invocation {
  readonly load: () => Promise<CliCommand>;
  readonly given: Readonly<Record<string, unknown>>;
  readonly database: string | undefined;
}

async function perform(
  { load, given, database }: Invocation,
  outer: Terminal,
  openServices: OpenServices,
  json: boolean,
): Promise<ExitCode> {
  let services: Services | undefined;
  let terminal = outer;
  const warnings = lateWarnings(outer.err);
  try {
    const command = await load();
    services = await openServices({ database, report: warnings.report });
    const { namedDatabase } = services.places;
    if (namedDatabase !== null) terminal = withStyle(terminal, { database: namedDatabase });
    if (given['quiet'] === true) terminal = { ...terminal, progress: SILENT };
    return await command(given, services, terminal);
  } catch (thrown) {
    return reportError(thrown, terminal, json);
  } finally {
    if (services !== undefined) {
      await untilNotified(services, terminal);
      await services.close();
    }
    warnings.end();
  }
}

function buildProgram(argv: readonly string[], parsing: Parsing, version: string, terminal: Terminal): Command {
  const width = terminal.out.style.width ?? 100;
  const write = (text: string) => {
    parsing.output += text;
  };
  const program = addGlobalOptions(new Command('wf'))
    .description('Make changes to a host that can be resumed, undone and verified.')
    .version(version, '-V, --version', 'print the version')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true, subcommandTerm })
    .configureOutput({
      writeOut: write,
      writeErr: write,
      outputError: () => {},
      getOutHelpWidth: () => width,
      getErrHelpWidth: () => width,
    })
    .exitOverride()
    .addHelpText('after', EXIT_CODES);
  program.hook('preSubcommand', (_program, command) => {
    parsing.command = `wf ${command.name()}`;
  });
  const action: ActionFactory = (names, load) =>
    function (this: Command, ...positional: unknown[]) {
      const { db, ...rest } = this.optsWithGlobals<Record<string, unknown>>();
      const named = Object.fromEntries(names.map((name, index) => [name, positional[index]]));
      parsing.outcome = { load, given: { ...rest, ...named }, database: typeof db === 'string' ? db : undefined };
    };

  addCommands(program, action, groupsFor(argv));
  for (const command of program.commands) command.addHelpText('after', examplesOf(command.name()));
  addHelp(program, parsing);
  addWordCompletion(program, parsing);
  return program;
}

/** Returns a command with its arguments: summaries beside its `[options]` would need two lines on a terminal of 80 columns. */
function subcommandTerm(command: Command): string {
  return [command.name(), ...argumentWords(command)].join(' ');
}

/** Replaces commander's own `help`, which prints the help of wf for an unknown command. */
function addHelp(program: Command, parsing: Parsing): void {
  program
    .command('help')
    .summary('show the help of a command, with examples')
    .argument('[command]', 'a command')
    .action((name?: string) => {
      const command = name === undefined ? program : program.commands.find((one) => one.name() === name);
      if (command !== undefined) command.help();
      const names = program.commands.map((one) => one.name()).filter((one) => !one.startsWith('_'));
      const nearest = nearestName(name ?? '', names);
      parsing.command = 'wf';
      const meant = nearest === undefined ? '' : `\n(Did you mean ${nearest}?)`;
      program.error(`error: unknown command '${name}'${meant}`, { code: 'commander.unknownCommand' });
    });
}

/** Adds the command that completion scripts call. Its words are another command line, which may name a database. */
function addWordCompletion(program: Command, parsing: Parsing): void {
  program
    .command('__complete <shell> [words...]', { hidden: true })
    .action((shell: string, words: readonly string[]) => {
      const load = async () => (await import('./commands/setting-up/complete.ts')).completeWord;
      parsing.outcome = { load, given: { shell, words }, database: databaseIn(words) };
    });
}

function databaseIn(words: readonly string[]): string | undefined {
  const line = words.join(' ');
  return /(?:^|\s)--db[= ](\S+)\s/.exec(line)?.[1];
}

const EXIT_CODES = `
Exit codes:
  0         done as asked
  1         the run failed; what it did was undone (unless --on-failure keep)
  2         usage or bad input; nothing was touched
  3         this machine cannot do it; nothing was touched
  4         something is in the way; nothing was touched
  5         the host needs attention
  130, 143  stopped by SIGINT or SIGTERM; can be resumed or rolled back`;

/** Returns whether a command line, even an invalid one, has this option. */
function wants(argv: readonly string[], option: string): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes(option);
}

function showText(name: 'help' | 'version', text: string, { out }: Terminal, json: boolean): ExitCode {
  if (json) writeJson(out, { [name]: text.trim() });
  else out.write(text);
  return 0;
}

function lostOutput(cause: Error, hasAltered: boolean): WfError {
  return new WfError('E_OUTPUT', `cannot write the result to standard output: ${cause.message}`, {
    hint: hasAltered
      ? 'The command has taken effect: see the newest run with `wf show @latest`.'
      : 'Free some space or choose another output, then run the command again.',
    cause,
  });
}

function noCommand(): WfError {
  return new WfError('E_USAGE', 'no command', { hint: 'List the commands with `wf --help`.' });
}
