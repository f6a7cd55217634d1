import type { Command } from 'commander';
import { building } from './building.ts';
import type { Does } from './does.ts';
import { keeping } from './keeping.ts';
import { reviewing } from './reviewing.ts';
import { running } from './running.ts';
import { settingUp } from './setting-up.ts';

/** All commands of wf, in the order in which the help lists them. */
export const GROUPS: readonly CommandGroup[] = [
  {
    heading: 'Run workflows:',
    names: ['start', 'resume', 'rollback', 'shell', 'changes', 'sweep'],
    add: running,
  },
  { heading: 'Review runs:', names: ['runs', 'show', 'logs', 'diff', 'report', 'graph'], add: reviewing },
  { heading: 'Keep the history:', names: ['prune', 'export', 'import'], add: keeping },
  { heading: 'Write workflows:', names: ['workflows', 'steps', 'new', 'check'], add: building },
  { heading: 'Set up:', names: ['doctor', 'completion'], add: settingUp },
];

interface CommandGroup {
  readonly heading: string;
  /** Of its commands. */
  readonly names: readonly string[];
  readonly add: (program: Command, does: Does) => void;
}

/** Gives a program these commands. */
export function addCommands(program: Command, does: Does, groups: readonly CommandGroup[] = GROUPS): void {
  for (const { heading, add } of groups) add(program.commandsGroup(heading), does);
}

/**
 * The group of the command that a command line is for. All of them where it is for none: it then is about all commands, or wrong. To
 * make the others takes a millisecond of each command.
 */
export function groupsFor(argv: readonly string[]): readonly CommandGroup[] {
  // Of the global options, --db has a value.
  const asked = argv.find((word, index) => !word.startsWith('-') && argv[index - 1] !== '--db');
  const its = GROUPS.filter(({ names }) => names.some((name) => name === asked));
  return its.length === 0 ? GROUPS : its;
}

/** What every command takes. */
export function addGlobalOptions(program: Command): Command {
  return program
    .option('--json', 'print one JSON document on stdout, and nothing else there')
    .option('-q, --quiet', 'print no progress on stderr, only errors')
    .option('--no-color', 'print no colours (also: NO_COLOR=1)')
    .option('--db <file>', 'use this database instead of data/wf.db of the project (also: WF_DB)');
}
