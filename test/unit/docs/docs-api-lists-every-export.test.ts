import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runnerOf } from '../../../src/engine/workflow/define-step.ts';
import * as wf from '../../../src/index.ts';

const index = fileURLToPath(new URL('../../../src/index.ts', import.meta.url));

/** The first two columns of each table row. */
const rows = readFileSync(new URL('../../../docs/reference/api.md', import.meta.url), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, name, second = ''] = /^\| `(\w+)` \| ([^|]+)/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, second: second.trim() }];
  });

test('docs/reference/api.md lists every export, each once, and nothing else', () => {
  expect(rows.map(({ name }) => name).toSorted()).toEqual([...exportsOf(index)].toSorted());
});

test('the names found in the sources include every export of the module', () => {
  expect([...exportsOf(index)]).toEqual(expect.arrayContaining(Object.keys(wf)));
});

test('docs/reference/api.md names the kind of each step runner', () => {
  const runners = Object.entries(wf).flatMap(([name, exported]) => {
    const runner = runnerOf(exported);
    return runner === undefined ? [] : [{ name, second: `\`${runner.kind}\`` }];
  });
  expect(rows).toEqual(expect.arrayContaining(runners));
});

/** The names that a module exports, types too. */
function exportsOf(file: string): ReadonlySet<string> {
  const text = readFileSync(file, 'utf8');
  const named = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names = '']) =>
    names
      .split(',')
      .map((name) => name.trim().replace(/^type /, ''))
      .filter((name) => name !== ''),
  );
  const others = [...text.matchAll(/^export \* from '(.+)';/gm)].map(([, found = '']) =>
    fileURLToPath(new URL(found, `file://${file}`)),
  );
  return new Set([...named, ...others.flatMap((other) => [...exportsOf(other)])]);
}
