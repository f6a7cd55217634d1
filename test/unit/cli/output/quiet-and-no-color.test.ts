import { expect, test } from 'vitest';
import { openFolderWf } from '../../../fixtures/cli/folder-services.ts';
import { testTerminal } from '../../../fixtures/cli/test-terminal.ts';

test.each(['-q', '--quiet'])('%s suppresses progress on stderr, and keeps results and errors', async (quiet) => {
  const { wf } = openFolderWf();
  const loud = await wf(['start', 'files', '--id', 'loud']);
  expect(loud.err).toContain('make');
  const still = await wf(['start', 'files', quiet, '--id', 'still']);
  expect(still).toMatchObject({ exitCode: 0, err: '', out: expect.stringMatching(/^files succeeded in /) });
  expect((await wf(['show', quiet, 'nothing'])).err).toContain('E_RUN_NOT_FOUND');
});

test('--no-color prints results, errors and usage errors without colours', async () => {
  const { wf } = openFolderWf();
  await wf(['start', 'files', '--id', 'one']);
  const onTerminal = (...argv: readonly string[]) => wf(argv, testTerminal({ columns: 80 }));
  for (const argv of [['show'], ['show', 'nothing'], ['shwo']]) {
    const coloured = await onTerminal(...argv);
    expect(coloured.out + coloured.err).toContain('\u001B[');
    const plain = await onTerminal('--no-color', ...argv);
    expect(plain.out + plain.err).not.toContain('\u001B[');
  }
});
