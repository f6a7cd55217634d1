import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, expect, test } from 'vitest';
import { REPOSITORY } from '../../support/command/doc-page.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'wf-images-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('docs/images/ matches the output and the report of the lab', { timeout: 120_000 }, async () => {
  await execa(process.execPath, [path.join(REPOSITORY, 'scripts/draw-images.mjs'), folder]);
  for (const name of readdirSync(folder)) {
    const committed = linesOf(path.join(REPOSITORY, 'docs/images', name));
    expect(committed, `docs/images/${name} is not current: run \`npm run docs:images\``).toEqual(
      linesOf(path.join(folder, name)),
    );
  }
});

/** Lines of a picture without numbers and ids, sorted: steps that run side by side end in any order. */
function linesOf(file: string): readonly string[] {
  return readFileSync(file, 'utf8')
    .replace(/\b(veth|br-)[0-9a-f]+/g, '$1ID')
    .replace(/\d+(?:\.\d+)?(?: m?s)?/g, 'N')
    .split('\n')
    .sort();
}
