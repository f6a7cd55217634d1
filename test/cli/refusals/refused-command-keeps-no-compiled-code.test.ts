import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openNoteProject } from '../../support/note.ts';

// From Node 22 on, Node itself keeps compiled code.
test.skipIf(!process.version.startsWith('v20.'))(
  'compiled code is kept of a command that does its work, and of none that is refused: it has called few functions',
  async () => {
    const project = openNoteProject();
    const env = { XDG_CACHE_HOME: path.join(project.folder, 'cache') };
    const kept = () => {
      const folder = path.join(project.folder, 'cache/wf/code/start');
      return existsSync(folder) ? readdirSync(folder) : [];
    };
    const start = async (...args: readonly string[]) =>
      (await project.wf(['start', 'note', ...args], { env })).exitCode;
    expect(await start('--unknown')).toBe(2);
    expect(await start()).toBe(2);
    expect(kept()).toEqual([]);
    expect(await start('--input', `file=${path.join(project.folder, 'the-note')}`)).toBe(0);
    expect(kept()).toEqual([expect.stringMatching(/^program\.cjs-/)]);
  },
);
