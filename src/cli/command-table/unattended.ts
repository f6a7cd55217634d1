import { Argument, type Command, Option } from 'commander';
import type { ActionFactory } from './action-factory.ts';
import { collect, NO_NOTIFY, NOTIFY, wholeNumber } from './arguments.ts';
import { addUiOptions } from './ui-options.ts';

/** Adds the commands that advance and start runs without a person. */
export function unattended(program: Command, action: ActionFactory): void {
  const agent = program
    .command('agent')
    .summary('advance runs that no process advances')
    .description('advance runs that no process advances, until stopped; or set up a service for it')
    .addArgument(
      new Argument('[action]', 'set up, remove or inspect the service').choices(['install', 'uninstall', 'status']),
    )
    .option('--concurrency <n>', 'advance at most so many runs at a time (default: 8)', wholeNumber)
    .option('--user', 'install or uninstall a service of this user (default: of the system for root)')
    .option('--fleet <url>', 'also carry out the parts of fleet runs: the address where `wf fleet` reaches Restate')
    .option('--name <host>', 'with --fleet: name of this host')
    .option('--label <name=value>', 'with --fleet: a label for `wf fleet start --where`; repeatable', collect)
    .option('--allow <workflow>', 'with --fleet: permit this workflow, and no other; repeatable', collect)
    .option('--cert <file>', 'with --fleet: certificate of this host, for a proxy before Restate')
    .option('--key <file>', 'with --fleet: private key of --cert')
    .option('--ca <file>', 'with --fleet: CA of the proxy (default: those that Node trusts)')
    .option('--ui', 'serve the page of `wf ui` as well, with its options; `wf ui` prints a link to it');
  addUiOptions(agent).action(action(['action'], async () => (await import('../commands/unattended/agent.ts')).agent));
  program
    .command('schedule')
    .summary('print a systemd timer that starts a workflow')
    .description('print the units with which a timer of systemd starts a workflow; installs nothing')
    .addArgument(new Argument('<what>', 'what to do').choices(['print']))
    .argument('<workflow>', 'name or file of the workflow')
    .requiredOption('--on-calendar <spec>', 'when to start it, as systemd.time(7) describes: daily, Mon..Fri 03:00')
    .option('--name <name>', 'name of the units, and beginning of the run ids (default: that of the workflow)')
    .option('--input <name=value>', 'an input of the runs; repeatable; secrets as @file:PATH', collect)
    .option('--notify <argv>', NOTIFY)
    .option('--no-notify', NO_NOTIFY)
    .addOption(
      new Option('--if-running <what>', 'if an earlier run has not ended (default: skip)').choices(['skip', 'wait']),
    )
    .action(action(['what', 'workflow'], async () => (await import('../commands/unattended/schedule.ts')).schedule));
}
