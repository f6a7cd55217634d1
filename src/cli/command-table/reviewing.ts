import { type Command, Option } from 'commander';
import { STORED_RUN_STATUSES } from '../../engine/ports/history.ts';
import { GRAPH_FORMATS } from '../../review/graph/draw/formats.ts';
import { REPORT_FORMATS } from '../../review/report/formats.ts';
import type { ActionFactory } from './action-factory.ts';
import { addDocumentOptions, collect, EXIT_CODE, PLAN_ARGUMENT, RUN_TO_READ, wholeNumber } from './arguments.ts';
import { DIFF_FORMATS, LIST_FORMATS } from './formats.ts';

/** Adds the commands that read runs. */
export function reviewing(program: Command, action: ActionFactory): void {
  const listing = program
    .command('runs')
    .summary('list runs, newest first')
    .description('list runs, newest first, and fleet runs that have ended')
    .option('--workflow <name>', 'runs of this workflow only')
    .addOption(
      new Option('--status <status>', 'runs with this status; a run that failed and was undone is rolled-back').choices(
        [...STORED_RUN_STATUSES, 'interrupted'],
      ),
    )
    .option('--since <when>', 'runs created at this moment or later: 2h (ago), 2026-11-01, 2026-11-01T18:30 (UTC)')
    .option('--last <time>', 'runs created within this time until now: 90s, 15m, 2h, 7d, 4w')
    .option('--until <when>', 'runs created before this moment, given as for --since')
    .option('--where <name=value>', 'runs with this input value; repeatable: a run must match all', collect)
    .option('--text <word>', 'runs with this text in their id, workflow, input or error')
    .option('--limit <number>', 'at most this many runs (default: 20)', wholeNumber)
    .option('--before <run>', 'runs older than this one: the next page');
  addDocumentOptions(listing, LIST_FORMATS).action(
    action([], async () => (await import('../commands/reviewing/runs.ts')).runs),
  );
  const planning = program
    .command('plans')
    .summary('list plans, or show one')
    .description('list plans, newest first, or show or write one in full')
    .argument('[plan]', PLAN_ARGUMENT);
  addDocumentOptions(planning).action(
    action(['plan'], async () => (await import('../commands/reviewing/plans.ts')).plans),
  );
  program
    .command('show')
    .summary('show a run or one of its steps')
    .description('show the path, timeline, results, ledger and verification of a run, or one step')
    .argument('[run]', RUN_TO_READ)
    .argument('[step]', 'a step of the run')
    .option('-f, --follow', 'follow the run until it ends, pauses or is interrupted')
    .option('--exit-code', EXIT_CODE)
    .action(action(['run', 'step'], async () => (await import('../commands/reviewing/show.ts')).show));
  program
    .command('logs')
    .summary('print the commands of a run with their output')
    .argument('[run]', RUN_TO_READ)
    .argument('[step]', 'a step of the run, or a stage for all its steps')
    .option('-f, --follow', 'follow the run until it ends, pauses or is interrupted')
    .option('--exit-code', EXIT_CODE)
    .action(action(['run', 'step'], async () => (await import('../commands/reviewing/logs.ts')).logs));
  const comparing = program
    .command('diff')
    .summary('show what a run changed, or compare two runs')
    .description('show what a run changed on the host, or how two runs of one workflow differ')
    .argument('[run]', RUN_TO_READ)
    .argument('[other]', 'another run of the same workflow');
  addDocumentOptions(comparing, DIFF_FORMATS).action(
    action(['run', 'other'], async () => (await import('../commands/reviewing/diff.ts')).diff),
  );
  const reporting = program
    .command('report')
    .summary('write a report on a run')
    .description('write a report on a run: explanations, commands with their output, pictures, results')
    .argument('[run]', RUN_TO_READ)
    .addOption(new Option('--lang <language>', 'language of the report').choices(['en', 'fr']));
  addDocumentOptions(reporting, REPORT_FORMATS).action(
    action(['run'], async () => (await import('../commands/reviewing/report.ts')).report),
  );
  const drawing = program
    .command('graph')
    .summary('draw a workflow, or the path of a run')
    .description('draw the state machine of a workflow, or the path of a run through it')
    .argument(
      '[of]',
      'name or file of a workflow, or a run: its id, the beginning of its id, or @latest (default: @latest)',
    );
  addDocumentOptions(drawing, GRAPH_FORMATS).action(
    action(['of'], async () => (await import('../commands/reviewing/graph.ts')).graph),
  );
}
