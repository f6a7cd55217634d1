import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { inTurn } from '../../support/rotation.ts';
import { openNoteProject } from '../../support/workflows/note.ts';

// From Node 22 on, Node itself keeps compiled code.
test.skipIf(!process.version.startsWith('v20.'))(
  'a command that does its work keeps compiled code; a refused one, which has called few functions, keeps none',
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
    expect(kept()).toEqual([expect.stringMatching(/^program-/)]);
  },
);

test.skipIf(!process.version.startsWith('v20.'))('damaged compiled code is compiled again', async () => {
  const project = openNoteProject();
  const cache = path.join(project.folder, 'cache');
  const list = () => project.wf(['steps', '--json'], { env: { XDG_CACHE_HOME: cache } });
  const { stdout } = await list();
  const folder = path.join(cache, 'wf/code/parts');
  const [name] = readdirSync(folder);
  const file = path.join(folder, name ?? 'none');
  const whole = readFileSync(file);
  const [index = ''] = whole.toString('latin1').split('\n');
  const names = () => readFileSync(file, 'latin1').split('\n')[0]?.replaceAll(/:\d+/g, '').trim();
  const parts = names();
  const damages = [
    whole.subarray(0, whole.length / 2),
    whole.subarray(0, index.length / 2),
    Buffer.concat([Buffer.from(`${index}\n`), Buffer.alloc(whole.length, 7)]),
    Buffer.from(index.replace(/:\d+/, ':x')),
    Buffer.alloc(0),
  ];
  for (const damaged of inTurn(damages, 2)) {
    writeFileSync(file, damaged);
    expect(await list()).toMatchObject({ exitCode: 0, stdout });
    expect(names()).toBe(parts);
    expect(readFileSync(file).equals(damaged)).toBe(false);
  }
});
