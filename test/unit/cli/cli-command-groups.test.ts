import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { addCommands, GROUPS, groupsFor } from '../../../src/cli/command-table/groups.ts';

test('each group adds the commands that it names', () => {
  for (const group of GROUPS) {
    const program = new Command();
    addCommands(program, () => () => {}, [group]);
    expect(program.commands.map((command) => command.name())).toEqual(group.names);
  }
});

describe('the command group of a command line', () => {
  const headings = (...argv: readonly string[]) => groupsFor(argv).map(({ heading }) => heading);
  const all = GROUPS.map(({ heading }) => heading);

  test.each([
    [['start', 'lab-network'], 'Run workflows:'],
    [['--json', 'runs'], 'Review runs:'],
    // A file or a workflow may have the name of a command.
    [['--db', 'start', 'show'], 'Review runs:'],
    [['--db=start', 'show'], 'Review runs:'],
    [['start', 'show'], 'Run workflows:'],
    [['start', '--help'], 'Run workflows:'],
  ])('%j selects "%s"', (argv, heading) => {
    expect(headings(...argv)).toEqual([heading]);
  });

  test.each([[[]], [['--help']], [['help', 'start']], [['strat', 'start']], [['--db', 'start']]])(
    '%j selects all groups',
    (argv) => {
      expect(headings(...argv)).toEqual(all);
    },
  );
});
