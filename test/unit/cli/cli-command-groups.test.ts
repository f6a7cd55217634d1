import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { addCommands, GROUPS, groupsFor } from '../../../src/cli/command-table/groups.ts';

test('each group has the commands that it names', () => {
  for (const group of GROUPS) {
    const program = new Command();
    addCommands(program, () => () => {}, [group]);
    expect(program.commands.map((command) => command.name())).toEqual(group.names);
  }
});

describe('the group of the command that a command line is for', () => {
  const headings = (...argv: readonly string[]) => groupsFor(argv).map(({ heading }) => heading);
  const all = GROUPS.map(({ heading }) => heading);

  test.each([
    [['start', 'lab-network'], 'Run workflows:'],
    [['--json', 'runs'], 'Review runs:'],
    // A file may be named as a command is, and so may a workflow.
    [['--db', 'start', 'show'], 'Review runs:'],
    [['--db=start', 'show'], 'Review runs:'],
    [['start', 'show'], 'Run workflows:'],
    [['start', '--help'], 'Run workflows:'],
  ])('%j', (argv, heading) => {
    expect(headings(...argv)).toEqual([heading]);
  });

  test.each([[[]], [['--help']], [['help', 'start']], [['strat', 'start']], [['--db', 'start']]])(
    'none in %j: all',
    (argv) => {
      expect(headings(...argv)).toEqual(all);
    },
  );
});
