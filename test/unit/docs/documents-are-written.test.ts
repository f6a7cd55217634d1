import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openFolderWf } from '../../fixtures/cli/folder-services.ts';
import { testTerminal } from '../../fixtures/cli/test-terminal.ts';
import { temporaryFolder } from '../../fixtures/history/temporary.ts';

/** Each command that writes a document, with a file name for each of its formats. */
const COMMANDS: readonly (readonly [command: readonly string[], files: Readonly<Record<string, string>>])[] = [
  [['runs'], { table: 'a.txt', json: 'a.json', ids: 'a.ids' }],
  [['diff', 'one'], { text: 'a.txt', json: 'a.json' }],
  [['diff', 'one', 'two'], { text: 'a.txt', json: 'a.json' }],
  [['report', 'one'], { markdown: 'a.md', html: 'a.html', json: 'a.json' }],
  [['graph', 'one'], { text: 'a.txt', mermaid: 'a.mmd', dot: 'a.dot', svg: 'a.svg', json: 'a.json' }],
];

async function openWithRuns() {
  const folderWf = openFolderWf();
  for (const id of ['one', 'two']) await folderWf.wf(['start', 'files', '--id', id, '--input', `name=${id}`]);
  return folderWf;
}

test.each(COMMANDS)(
  'wf %j: --format and the extension of -o FILE select the same format, for a file and for stdout',
  async (command, files) => {
    const { wf } = await openWithRuns();
    const folder = temporaryFolder();
    for (const [format, name] of Object.entries(files)) {
      const printed = await wf([...command, '--format', format]);
      expect(printed).toMatchObject({ exitCode: 0, err: '' });
      const file = path.join(folder, name);
      expect(await wf([...command, '-o', file])).toMatchObject({
        exitCode: 0,
        out: '',
        err: expect.stringMatching(/^Wrote /),
      });
      expect(readFileSync(file, 'utf8')).toBe(printed.out);
      expect((await wf([...command, '--format', format, '-o', '-'])).out).toBe(printed.out);
      const other = path.join(folder, `other-${format}`);
      expect((await wf([...command, '--format', format, '-o', other])).exitCode).toBe(0);
      expect(readFileSync(other, 'utf8')).toBe(printed.out);
    }
  },
);

test.each([...COMMANDS.map(([command]) => command), ['export', 'one']])(
  'wf %j %j: an existing file is refused without --force, and --json prints a record of the file',
  async (...command) => {
    const { wf } = await openWithRuns();
    const file = path.join(temporaryFolder(), 'a.json');
    const format = command[0] === 'report' ? ['--format', 'html'] : [];
    const written = await wf([...command, ...format, '-o', file, '--json']);
    expect([written.exitCode, written.err]).toEqual([0, '']);
    const bytes = readFileSync(file).length;
    expect(JSON.parse(written.out)).toMatchObject({ file, bytes, format: format[1] ?? 'json' });
    const refused = await wf([...command, ...format, '-o', file]);
    expect([refused.exitCode, refused.err]).toEqual([2, expect.stringContaining('--force')]);
    expect((await wf([...command, ...format, '-o', file, '--force'])).exitCode).toBe(0);
  },
);

test.each(COMMANDS)(
  'wf %j: an unknown extension is refused, and the error lists the formats',
  async (command, files) => {
    const { wf } = await openWithRuns();
    const file = path.join(temporaryFolder(), 'a.pdf');
    const refused = await wf([...command, '-o', file]);
    expect([refused.exitCode, refused.out]).toEqual([2, '']);
    expect(refused.err).toContain(`specify --format ${Object.keys(files).join('|')}`);
    expect(existsSync(file)).toBe(false);
  },
);

test('a file has no colours and ignores the width of the terminal', async () => {
  const { wf } = await openWithRuns();
  const file = path.join(temporaryFolder(), 'a.txt');
  await wf(['graph', 'one', '-o', file], testTerminal({ columns: 40 }));
  expect(readFileSync(file, 'utf8')).toBe((await wf(['graph', 'one'])).out);
});
