import { expect, test } from 'vitest';
import { missingLines, readDocPage } from '../support/doc-page.ts';
import { openPackageProject } from '../support/package-project.ts';

test.for(['writing-a-workflow', 'writing-a-step-runner', 'embedding'])(
  'what docs/%s.md shows compiles against the published types, and does what it says',
  { timeout: 240_000 },
  async (name) => {
    const { files, typed } = readDocPage(name);
    expect(Object.keys(files).length).toBeGreaterThan(0);
    const project = openPackageProject(files);
    expect(await project.compile()).toEqual({ exitCode: 0, output: '' });
    expect(typed.length).toBeGreaterThan(0);
    for (const { command, shown } of typed) {
      const { output } = await project.run('sh', ['-c', command]);
      expect(missingLines(shown, output), `$ ${command}\n${output}`).toEqual([]);
      if (shown.length === 0) expect(output).toBe('');
    }
    for (const file of Object.keys(files).filter((file) => file.endsWith('.test.ts'))) {
      const { exitCode, output } = await project.run(process.execPath, ['--test', `out/${file.replace(/ts$/, 'js')}`]);
      expect(exitCode, output).toBe(0);
      expect(output).toMatch(/# pass [1-9].*\n# fail 0/);
    }
  },
);
