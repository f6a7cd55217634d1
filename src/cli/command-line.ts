import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { type ExitCode, WfError } from '../engine/errors.ts';
import type { CliCommand } from './define-command.ts';
import { reportError } from './report-error.ts';
import { type Terminal, writeJson } from './terminal.ts';
import { usageError, wasHelp, wasNoCommand, wasVersion } from './usage-error.ts';
import type { OpenWire, Wire } from './wire-types.ts';

/**
 * Carries out one command line: parses it, loads the command that is asked for and nothing else, and answers the exit
 * code. Every error ends here as text, or with `--json` as a document.
 */
export async function runCommandLine(
  argv: readonly string[],
  terminal: Terminal,
  openWire: OpenWire,
  version: string,
): Promise<ExitCode> {
  const json = wantsJson(argv);
  const parsing: Parsing = { command: 'wf', output: '', outcome: undefined };
  try {
    await buildProgram(parsing, version, terminal).parseAsync([...argv], { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) return reportError(thrown, terminal, json);
    if (wasHelp(thrown)) return showText('help', parsing.output, terminal, json);
    if (wasVersion(thrown)) return showText('version', parsing.output, terminal, json);
    if (!wasNoCommand(thrown)) return reportError(usageError(thrown, parsing.command), terminal, json);
    if (!json) terminal.err.write(`${parsing.output}\n`);
    return reportError(noCommand(), terminal, json);
  }
  if (parsing.outcome === undefined) return reportError(noCommand(), terminal, json);
  return perform(parsing.outcome, terminal, openWire, json);
}

/** What commander found: filled in while it parses. */
interface Parsing {
  /** What is being parsed, e.g. `wf start`. */
  command: string;
  /** What commander printed: help, or the version. */
  output: string;
  outcome: Invocation | undefined;
}

/** A command that was asked for, with all that was given to it. */
interface Invocation {
  readonly load: () => Promise<CliCommand>;
  readonly given: Readonly<Record<string, unknown>>;
  readonly database: string | undefined;
}

async function perform(
  { load, given, database }: Invocation,
  terminal: Terminal,
  openWire: OpenWire,
  json: boolean,
): Promise<ExitCode> {
  let wire: Wire | undefined;
  try {
    const command = await load();
    wire = await openWire({ database });
    return await command(given, wire, terminal);
  } catch (thrown) {
    return reportError(thrown, terminal, json);
  } finally {
    wire?.close();
  }
}

function buildProgram(parsing: Parsing, version: string, terminal: Terminal): Command {
  const width = terminal.out.style.width ?? 100;
  const write = (text: string) => {
    parsing.output += text;
  };
  const program = new Command('wf')
    .description('Makes changes to a host that can be resumed, undone and proven.')
    .option('--json', 'print one JSON document on stdout, and nothing else there')
    .option('--db <file>', 'the database to use instead of data/wf.db of the project (also: WF_DB)')
    .version(version, '-V, --version', 'print the version')
    .configureHelp({ showGlobalOptions: true })
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
  const does = (names: readonly string[], load: () => Promise<CliCommand>) =>
    function (this: Command, ...positional: unknown[]) {
      const { db, ...rest } = this.optsWithGlobals<Record<string, unknown>>();
      const named = Object.fromEntries(names.map((name, index) => [name, positional[index]]));
      parsing.outcome = { load, given: { ...rest, ...named }, database: typeof db === 'string' ? db : undefined };
    };

  program
    .command('start')
    .summary('start a run of a workflow and follow it to its end')
    .argument('<workflow>', 'name of the workflow; `wf workflows` lists them')
    .option('--input <name=value>', 'an input of the run; repeatable, the last one of a name counts', collect)
    .option('--input-file <file>', 'a JSON file with inputs; --input beats it')
    .addOption(runtimeOption())
    .option('--pause-after <stage>', PAUSE_AFTER)
    .addOption(onFailureOption())
    .option('--id <id>', 'the id of the run; chosen by wf where it is not given')
    .option('--dry-run', 'show what would be done, and touch nothing')
    .action(does(['workflow'], async () => (await import('./commands/start.ts')).start));
  program
    .command('resume')
    .summary('go on with a run that was interrupted or paused')
    .argument('[run]', `${RUN_ARGUMENT}; may be left out where only one can be meant`)
    .option('--all', 'each run that was interrupted or paused, in turn')
    .option('--dry-run', 'show what would become of each step and why, and touch nothing')
    .option('--accept-changes', 'go on although the workflow is not as it was when the run was started')
    .option('--pause-after <stage>', PAUSE_AFTER)
    .action(does(['run'], async () => (await import('./commands/resume.ts')).resume));
  program
    .command('runs')
    .summary('past and present runs, newest first')
    .option('--limit <number>', 'so many runs at most (default: 20)', wholeNumber)
    .option('--workflow <name>', 'runs of this workflow only')
    .action(does([], async () => (await import('./commands/runs.ts')).runs));
  program
    .command('show')
    .summary('stages, steps, results, ledger and verification of a run')
    .argument('<run>', RUN_ARGUMENT)
    .action(does(['run'], async () => (await import('./commands/show.ts')).show));
  program
    .command('logs')
    .summary('the commands of a run and their output')
    .argument('<run>', RUN_ARGUMENT)
    .argument('[step]', 'a step of the run')
    .action(does(['run', 'step'], async () => (await import('./commands/logs.ts')).logs));
  program
    .command('rollback')
    .summary('undo all that a run did that still stands')
    .argument('<run>', RUN_ARGUMENT)
    .option('--remove-images', 'also remove the images that the run pulled, which are kept otherwise')
    .action(does(['run'], async () => (await import('./commands/rollback.ts')).rollback));
  program
    .command('changes')
    .summary('what may stand on this host because of wf, and how to undo it')
    .argument('[run]', RUN_ARGUMENT)
    .action(does(['run'], async () => (await import('./commands/changes.ts')).changes));
  program
    .command('sweep')
    .summary('find what runs of wf left on this host that no history knows of')
    .option('--yes', 'remove what was found')
    .action(does([], async () => (await import('./commands/sweep.ts')).sweep));
  program
    .command('workflows')
    .summary('what there is to start')
    .action(does([], async () => (await import('./commands/workflows.ts')).workflows));
  program
    .command('steps')
    .summary('what there is to build workflows with')
    .argument('[kind]', 'a step runner, whose inputs and outputs are then shown')
    .action(does(['kind'], async () => (await import('./commands/steps.ts')).steps));
  program
    .command('doctor')
    .summary('what works on this machine, what does not, and what to do about it')
    .action(does([], async () => (await import('./commands/doctor.ts')).doctor));
  for (const command of program.commands) command.description(command.summary());
  return program;
}

const PAUSE_AFTER = 'stop after this stage, to be resumed';

const RUN_ARGUMENT = 'id of the run, the beginning of it, or @latest';

const EXIT_CODES = `
Exit codes:
  0         done as asked
  1         the run failed; what it did was undone and the host verified (unless --on-failure keep)
  2         usage or bad input; nothing was touched
  3         this machine cannot do it; nothing was touched
  4         something is in the way; nothing was touched
  5         the host needs attention
  130, 143  stopped by SIGINT or SIGTERM; can be resumed or rolled back`;

function runtimeOption(): Option {
  return new Option('--runtime <runtime>', 'what provides networks and containers').choices([
    'auto',
    'docker',
    'embedded',
  ]);
}

function onFailureOption(): Option {
  return new Option('--on-failure <what>', 'what becomes of the changes of a run that fails').choices([
    'rollback',
    'keep',
  ]);
}

function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

function wholeNumber(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 on.');
  return Number(text);
}

/** `--json` as far as it can be told from a command line that may not even parse. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json');
}

function showText(name: 'help' | 'version', text: string, { out }: Terminal, json: boolean): ExitCode {
  if (json) writeJson(out, { [name]: text.trim() });
  else out.write(text);
  return 0;
}

function noCommand(): WfError {
  return new WfError('E_USAGE', 'no command was given', { hint: '`wf --help` lists the commands.' });
}
