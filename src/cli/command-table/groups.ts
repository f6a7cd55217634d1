import type { Command } from 'commander';
import { building } from './building.ts';
import type { Does } from './does.ts';
import { keeping } from './keeping.ts';
import { reviewing } from './reviewing.ts';
import { running } from './running.ts';
import { settingUp } from './setting-up.ts';

/** Gives a program all commands of wf, in the order in which the help lists them. */
export function addCommands(program: Command, does: Does): void {
  for (const [heading, group] of GROUPS) group(program.commandsGroup(heading), does);
}

const GROUPS = [
  ['Run workflows:', running],
  ['Review runs:', reviewing],
  ['Keep the history:', keeping],
  ['Write workflows:', building],
  ['Set up:', settingUp],
] as const;

/** What every command takes. */
export function addGlobalOptions(program: Command): Command {
  return program
    .option('--json', 'print one JSON document on stdout, and nothing else there')
    .option('--db <file>', 'the database to use instead of data/wf.db of the project (also: WF_DB)');
}
