import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runnerOf } from '../../../src/engine/workflow/define-step.ts';
import * as wf from '../../../src/index.ts';
import * as steps from '../../../src/steps/index.ts';

const page = readFileSync(new URL('../../../docs/reference/api.md', import.meta.url), 'utf8');
const fileOf = (module: string) => fileURLToPath(new URL(`../../../src/${module}index.ts`, import.meta.url));

/** The first two columns of each table row in the sections of an entry point. */
function rowsOf(entry: string): readonly { readonly name: string; readonly second: string }[] {
  return page
    .split('\n## ')
    .filter((section) => section.includes(`\nExports of \`${entry}\`.`))
    .flatMap((section) => [...section.matchAll(/^\| `(\w+)` \| ([^|]+)/gm)])
    .map(([, name = '', second = '']) => ({ name, second: second.trim() }));
}

test.for([
  { entry: 'wf-engine', exported: wf, file: fileOf('') },
  { entry: 'wf-engine/steps', exported: steps, file: fileOf('steps/') },
])('docs/reference/api.md lists every export of $entry, each once, and nothing else', ({ entry, exported, file }) => {
  const names = exportsOf(file);
  expect([...names]).toEqual(expect.arrayContaining(Object.keys(exported)));
  expect(
    rowsOf(entry)
      .map(({ name }) => name)
      .toSorted(),
  ).toEqual([...names].toSorted());
});

test('no name is an export of both', () => {
  expect(Object.keys(wf).filter((name) => name in steps)).toEqual([]);
});

test('docs/reference/api.md names the kind of each step runner', () => {
  const runners = Object.entries(steps).flatMap(([name, exported]) => {
    const runner = runnerOf(exported);
    return runner === undefined ? [] : [{ name, second: `\`${runner.kind}\`` }];
  });
  expect(rowsOf('wf-engine/steps')).toEqual(expect.arrayContaining(runners));
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
