import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  afterReboot,
  failEachStep,
  foreignInTheWay,
  hostState,
  killEverywhere,
  runTwiceSideBySide,
  undoTwice,
} from '../../src/testing/index.ts';
import { EVERY_POINT } from '../support/crash/crash-tests.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'wf-kit-'));
afterAll(() => rmSync(folder, { recursive: true }));

const root = path.join(folder, 'site');
const page = path.join(root, 'releases/1/index.html');
const release = {
  workflow: 'web-release',
  input: { root, version: '1', approve: false },
  observe: hostState({ files: [root] }),
};
const STEPS = [
  ...['makeRoot', 'makeReleases', 'makeRelease', 'writePage', 'writeVersion'],
  ...['switchLink', 'readVersion'],
];

describe('web-release', () => {
  test('is taken back, whichever step fails', async () => {
    expect(await failEachStep(release)).toEqual(STEPS);
    expect(existsSync(root)).toBe(false);
  });

  test('leaves a page of somebody else alone', async () => {
    const put = () => {
      mkdirSync(path.dirname(page), { recursive: true });
      writeFileSync(page, 'mine');
      writeFileSync(path.join(root, 'current'), 'no link');
    };
    await foreignInTheWay(release, { 'a site': { put, remove: () => rmSync(root, { recursive: true }) } });
  });

  // Hundreds of processes: by `npm run crash-matrix`.
  if (EVERY_POINT) {
    test('survives kills everywhere, also of its rollback', async () => {
      expect((await killEverywhere(release)).length).toBeGreaterThan(20);
      expect((await undoTwice(release)).length).toBeGreaterThan(5);
    });

    test('survives reboots, and a second run at its side', async () => {
      await afterReboot(release, () => {});
      await runTwiceSideBySide(release);
    });
  }
});
