import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { failEachStep, hostState, killEverywhere, undoTwice } from '../../../src/testing/index.ts';
import { EVERY_CASE } from '../../support/rotation.ts';

const root = mkdtempSync(path.join(tmpdir(), 'wf-kit-'));
afterAll(() => rmSync(root, { recursive: true }));
for (const name of ['a', 'b']) {
  mkdirSync(path.join(root, name));
  writeFileSync(path.join(root, name, 'index'), `previous ${name}\n`);
}

const sites = {
  workflow: fileURLToPath(new URL('../../fixtures/workflows/two-sites.ts', import.meta.url)),
  input: { root, asks: false },
  observe: hostState({ files: [root] }),
};

describe('a workflow with child workflows', () => {
  test('is taken back, whichever step fails', async () => {
    expect(await failEachStep(sites)).toEqual(['first/writeIndex', 'second/writeIndex', 'takeBack', 'writeSummary']);
  });

  // Hundreds of processes: by `npm run crash-matrix`.
  if (EVERY_CASE) {
    test('survives kills everywhere, also of its rollback', async () => {
      expect((await killEverywhere(sites)).length).toBeGreaterThan(20);
      expect((await undoTwice(sites)).length).toBeGreaterThan(5);
    });
  }
});
