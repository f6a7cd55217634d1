import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { WF } from '../support/wf-process.ts';

const BUNDLE = path.join(path.dirname(WF), 'program.cjs');

/** As the built command does it. In a process of its own: what V8 has compiled once in a process it takes from there. */
const LOAD = `
  const [, bundle, compiled, more] = process.argv;
  const source = '(function (exports, require, module, __filename) {' + fs.readFileSync(bundle, 'latin1') + '\\n})' + more;
  const script = new vm.Script(source, { filename: bundle, cachedData: fs.readFileSync(compiled) });
  process.stdout.write(script.cachedDataRejected ? 'refused' : 'taken');
`;

test('what is built is ASCII: read byte by byte it is the same text', () => {
  expect(readFileSync(BUNDLE, 'utf8') === readFileSync(BUNDLE, 'latin1')).toBe(true);
});

test.each(['reading', 'advancing'])('V8 takes what was compiled for %s, and not for another text', (name) => {
  const load = (more: string) => {
    const argv = ['-e', LOAD, BUNDLE, path.join(path.dirname(WF), `${name}-${process.versions.v8}.cache`), more];
    return execFileSync(process.execPath, argv, { encoding: 'utf8' });
  };
  expect(load('')).toBe('taken');
  expect(load(';')).toBe('refused');
});
