import type { Command } from 'commander';
import { sentence } from '../../review/text/format/sentence.ts';
import type { ActionFactory } from './action-factory.ts';
import { building } from './building.ts';
import { controlling } from './controlling.ts';
import { fleets } from './fleets/fleets.ts';
import { keeping } from './keeping.ts';
import { reviewing } from './reviewing.ts';
import { running } from './running.ts';
import { serving } from './serving.ts';
import { settingUp } from './setting-up.ts';
import { unattended } from './unattended.ts';

/** All commands of wf, in the order of the help. */
export const GROUPS: readonly CommandGroup[] = [
  {
    heading: 'Run workflows:',
    names: ['start', 'apply', 'resume', 'rollback', 'shell', 'changes', 'sweep'],
    add: running,
  },
  {
    heading: 'Control runs:',
    names: ['send', 'pause', 'cancel', 'confirm', 'retry', 'settle', 'wait', 'guard'],
    add: controlling,
  },
  { heading: 'Run without a person:', names: ['agent', 'schedule'], add: unattended },
  { heading: 'Run on many hosts:', names: ['fleet'], add: fleets },
  { heading: 'Review runs:', names: ['runs', 'plans', 'show', 'logs', 'diff', 'report', 'graph'], add: reviewing },
  { heading: 'Serve people and programs:', names: ['ui', 'mcp'], add: serving },
  { heading: 'Keep the history:', names: ['prune', 'export', 'import'], add: keeping },
  { heading: 'Write workflows:', names: ['workflows', 'steps', 'new', 'check'], add: building },
  { heading: 'Set up:', names: ['doctor', 'completion'], add: settingUp },
];

interface CommandGroup {
  readonly heading: string;
  /** Names of its commands. */
  readonly names: readonly string[];
  readonly add: (program: Command, action: ActionFactory) => void;
}

/** Adds these commands to a program. The help of a command begins with its description, else with its summary, as a sentence. */
export function addCommands(program: Command, action: ActionFactory, groups: readonly CommandGroup[] = GROUPS): void {
  for (const { heading, add } of groups) add(program.commandsGroup(heading), action);
  for (const command of program.commands) command.description(sentence(command.description() || command.summary()));
}

/**
 * Returns the group of the command in a command line; all groups if the command is missing or unknown. Building the other groups
 * takes a millisecond.
 */
export function groupsFor(argv: readonly string[]): readonly CommandGroup[] {
  // --db is the only global option with a value.
  const asked = argv.find((word, index) => !word.startsWith('-') && argv[index - 1] !== '--db');
  const its = GROUPS.filter(({ names }) => names.some((name) => name === asked));
  return its.length === 0 ? GROUPS : its;
}

/** Adds the options that every command has. */
export function addGlobalOptions(program: Command): Command {
  return program
    .option('--json', 'print one JSON document on stdout, and nothing else there')
    .option('-q, --quiet', 'print no progress on stderr, only errors')
    .option('--no-color', 'print no colours (also: NO_COLOR=1)')
    .option('--db <file>', 'use this database instead of data/wf.db of the project (also: WF_DB)');
}
