import { Argument, type Command } from 'commander';
import type { ActionFactory } from '../action-factory.ts';
import { collect, countNumber, portNumber, wholeNumber } from '../arguments.ts';
import { FLEET_ACTIONS } from './fleet-actions.ts';

/** Adds the command for workflows on many hosts. */
export function fleets(program: Command, action: ActionFactory): void {
  program
    .command('fleet')
    .summary('run a workflow on many hosts, in waves')
    .description('run a workflow on many hosts, in waves, through a server of Restate')
    .addArgument(new Argument('<action>', 'what to do').choices(FLEET_ACTIONS))
    .argument('[subject]', 'start: a workflow; write-off: a host; others: the id of a fleet run')
    .option('--fleet <url>', 'ingress of Restate (default: http://127.0.0.1:8080; also: WF_FLEET)')
    .option('--keep', 'demo: leave the hosts up until Ctrl-C')
    .option('--cert <file>', 'certificate of the operator, for a proxy before Restate (also: WF_FLEET_CERT)')
    .option('--key <file>', 'private key of --cert (also: WF_FLEET_KEY)')
    .option('--ca <file>', 'CA of the proxy (default: those that Node trusts; also: WF_FLEET_CA)')
    .option('--port <port>', 'serve: port of 127.0.0.1 for Restate (default: 9080; 0 for any)', portNumber)
    .option(
      '--address <url>',
      'serve: address at which Restate calls the handlers, such as that of a balancer (default: the port)',
    )
    .option('--admin <url>', 'serve: admin API of Restate (default: http://127.0.0.1:9070)')
    .option(
      '--identity-key <key>',
      'serve: refuse requests that this key of Restate has not signed; repeatable',
      collect,
    )
    .option('--hosts <names>', 'start: hosts, separated by commas, in the order of the waves')
    .option('--where <name=value>', 'start, hosts: hosts with this label; repeatable', collect)
    .option('--canary <n>', 'start: number of hosts in the first wave', wholeNumber)
    .option('--at-once <n>', 'start: hosts in each other wave: a number, or a percentage such as 10% (default: all)')
    .option('--max-failures <n>', 'start: roll all back if more hosts fail (default: 0)', countNumber)
    .option('--approve', 'start: wait for `wf fleet approve` after the first wave')
    .option(
      '--confirm-within <duration>',
      'start: each host undoes its part unless it reaches the fleet within this time',
    )
    .option('--input <name=value>', 'start: an input of the workflow; repeatable', collect)
    .option('--input-file <file>', 'start: JSON file with inputs, - is standard input')
    .option(
      '--known-hosts <file>',
      'start: seal secrets to no other keys than those in this file; new hosts are added to it',
    )
    .option('--id <id>', 'start, retry: id of the fleet run (default: a random id)')
    .option('--detach', 'start, retry: print the id, and do not follow')
    .option('-f, --follow', 'show: follow the fleet run until it rests')
    .option('--timeout <duration>', 'wait: stop waiting after this time, with exit code 4')
    .option('--comment <text>', 'approve, pause, cancel, rollback: a comment for the record')
    .option('--reason <text>', 'write-off: why the host will not answer')
    .action(action(['action', 'subject'], async () => (await import('../../commands/fleet/fleet.ts')).fleet));
}
