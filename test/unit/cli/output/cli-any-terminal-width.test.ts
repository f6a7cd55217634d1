import { expect, test } from 'vitest';
import { openFolderWf } from '../../../fixtures/cli/folder-services.ts';
import { testTerminal } from '../../../fixtures/cli/test-terminal.ts';

test.each([0, 1, 20])('every command prints its output on a terminal of %d columns', async (columns) => {
  const { wf } = openFolderWf();
  const started = await wf(['start', 'files', '--id', 'narrow'], testTerminal({ columns }));
  expect(started.exitCode, started.err).toBe(0);
  const commands = [
    ['runs'],
    ['show', 'narrow'],
    ['show', 'narrow', 'make'],
    ['logs', 'narrow'],
    ['graph', 'files'],
    ['steps'],
  ];
  for (const command of [...commands, ['workflows'], ['check'], ['--help']]) {
    const { exitCode, out } = await wf(command, testTerminal({ columns }));
    expect({ command, exitCode }).toEqual({ command, exitCode: 0 });
    expect(out).not.toBe('');
  }
  const { exitCode, err } = await wf(['show', 'nobody'], testTerminal({ columns }));
  expect(exitCode).toBe(2);
  expect(err).toContain('E_RUN_NOT_FOUND');
});

test('the help has one line for each command on a terminal of 80 columns', async () => {
  const { wf } = openFolderWf();
  const { out } = await wf(['--help'], testTerminal({ columns: 80 }));
  const commands = out.slice(out.indexOf('Run workflows:'), out.indexOf('Exit codes:'));
  const lines = commands.split('\n').filter((line) => line.startsWith(' '));
  expect(lines.length).toBeGreaterThan(30);
  expect(lines.filter((line) => !/^ {2}[a-z]+ .*\S {2,}[a-z]|^ {2}[a-z]+ {2,}[a-z]/.test(line))).toEqual([]);
});
