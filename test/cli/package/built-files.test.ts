import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { WF } from '../../support/command/wf-process.ts';

const dist = path.dirname(WF);
const files = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ parentPath, name }) => path.join(parentPath, name));

test('the build consists of JavaScript, its source maps, types, and the files of the page', () => {
  const page = /\/ui\/(?:app\.css(?:\.map)?|icon\.svg)$/;
  expect(files.filter((file) => !/\.(?:[cm]?js(?:\.map)?|d\.m?ts)$/.test(file) && !page.test(file))).toEqual([]);
});

test('no built file contains the path of its build folder', () => {
  expect(files.filter((file) => readFileSync(file).includes(path.dirname(dist)))).toEqual([]);
});
