import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { expect, onTestFinished, test } from 'vitest';
import { WF } from '../support/wf-process.ts';

/** As the built command does it. In a process of its own: what V8 has compiled once in a process it takes from there. */
const LOAD = `
  const [, bundle, compiled, more] = process.argv;
  const source = fs.readFileSync(bundle, 'latin1') + more;
  const script = new vm.Script(source, { filename: bundle, cachedData: fs.readFileSync(compiled) });
  process.stdout.write(script.cachedDataRejected ? 'refused' : 'taken');
`;

test.each(['program', 'library', 'dockerode', 'execa'])(
  '%s is ASCII: read byte by byte it is the same text',
  (name) => {
    const file = path.join(path.dirname(WF), `${name}.cjs`);
    expect(readFileSync(file, 'utf8') === readFileSync(file, 'latin1')).toBe(true);
  },
);

test.each([
  ['reading', 'program'],
  ['advancing', 'program'],
  ['dockerode', 'dockerode'],
  ['execa', 'execa'],
  ['library', 'library'],
])('V8 takes what was compiled for %s, and not for another text', (name, file) => {
  const load = (more: string) => {
    const bundle = path.join(path.dirname(WF), `${file}.cjs`);
    const argv = ['-e', LOAD, bundle, path.join(path.dirname(WF), `${name}-${process.versions.v8}.cache`), more];
    return execFileSync(process.execPath, argv, { encoding: 'utf8' });
  };
  expect(load('')).toBe('taken');
  expect(load(';')).toBe('refused');
});

test('where V8 does not take it, or another Node is at work, the command compiles itself', ({ onTestFinished }) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'wf-other-node-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const dist = path.join(folder, 'dist');
  cpSync(path.dirname(WF), dist, { recursive: true });
  symlinkSync(path.join(path.dirname(WF), '../node_modules'), path.join(folder, 'node_modules'));
  const compiled = path.join(dist, `reading-${process.versions.v8}.cache`);
  const env = { ...process.env, WF_DB: path.join(folder, 'wf.db') };
  const list = () =>
    execFileSync(process.execPath, [path.join(dist, 'wf.cjs'), 'runs', '--json'], { encoding: 'utf8', env });
  writeFileSync(compiled, 'damaged');
  expect(list()).toBe('[]\n');
  rmSync(compiled);
  expect(list()).toBe('[]\n');
});

test('a command whose bundle is damaged says so, and does not end as if it had done something', ({
  onTestFinished,
}) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'wf-damaged-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(WF, path.join(folder, 'wf.cjs'));
  for (const content of ['', 'module.exports = () => {};']) {
    writeFileSync(path.join(folder, 'program.cjs'), content);
    const { status, stderr } = spawnSync(process.execPath, [path.join(folder, 'wf.cjs'), 'runs'], { encoding: 'utf8' });
    expect(stderr).toContain('program.cjs is damaged: install wf again');
    expect(status).toBe(1);
  }
});

const PROGRAM = `
  import { setup } from 'xstate';
  import { z } from 'zod';
  import { defineWorkflow, execRead, openEngine, probeOrigin, WfError } from './dist/index.js';
  const machine = setup({ actors: { read: execRead } }).createMachine({
    initial: 'only',
    states: { only: { invoke: { id: 'only', src: 'read', input: { argv: ['true'] }, onDone: 'end' } }, end: { type: 'final' } },
  });
  const workflow = defineWorkflow({ name: 'one', version: '1', description: 'd', input: z.object({}), machine });
  const engine = await openEngine({ database: process.argv[2] });
  const { status } = await (await engine.start(workflow, {})).record;
  const refused = await engine.resume('nobody').catch((error) => error instanceof WfError);
  await engine.close();
  console.log(status, refused, probeOrigin instanceof z.ZodType);
`;

test.each(['taken', 'damaged', 'missing'])('a program finds the library where what was compiled is %s', (state) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'wf-library-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const dist = path.join(folder, 'dist');
  cpSync(path.dirname(WF), dist, { recursive: true });
  symlinkSync(path.join(path.dirname(WF), '../node_modules'), path.join(folder, 'node_modules'));
  writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(path.join(folder, 'program.js'), PROGRAM);
  for (const name of ['library', 'execa']) {
    const compiled = path.join(dist, `${name}-${process.versions.v8}.cache`);
    if (state === 'damaged') writeFileSync(compiled, 'damaged');
    if (state === 'missing') rmSync(compiled);
  }
  const run = () =>
    spawnSync(process.execPath, [path.join(folder, 'program.js'), path.join(folder, 'wf.db')], { encoding: 'utf8' });
  expect(run()).toMatchObject({ stdout: 'succeeded true true\n', stderr: '' });
  writeFileSync(path.join(dist, 'library.cjs'), '');
  expect(run().stderr).toContain('library.cjs is damaged: install wf again');
});

const WORKFLOW = `
  import { defineStep, defineWorkflow } from 'wf-engine';
  import { setup } from 'xstate';
  import { z } from 'zod';
  const step = defineStep({
    kind: 'test.step', description: '', input: z.object({}), output: z.object({}),
    commands: () => [], rehearse: () => ({}), read: async () => ({}),
  });
  export default defineWorkflow({
    name: 'one', version: '1', description: 'one step', input: z.object({}),
    machine: setup({ actors: { step } }).createMachine({
      initial: 'only', states: { only: { invoke: { id: 'only', src: 'step', input: {}, onDone: 'end' } }, end: { type: 'final' } },
    }),
  });
`;

test('nothing that is built tells where it was built', () => {
  const dist = path.dirname(WF);
  const told = readdirSync(dist, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .filter(({ name }) => readFileSync(path.join(dist, name)).includes(path.dirname(dist)));
  expect(told.map(({ name }) => name)).toEqual([]);
});

/** A folder with that workflow in it, and what a command there loads: Node's own modules, and files. */
function openProject() {
  const folder = mkdtempSync(path.join(tmpdir(), 'wf-loaded-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(path.join(folder, 'workflows'));
  writeFileSync(path.join(folder, '.wf'), '');
  writeFileSync(path.join(folder, 'workflows/one.ts'), WORKFLOW);
  const hook = path.join(folder, 'hook.cjs');
  writeFileSync(
    hook,
    `process.on('exit', () => require('node:fs').writeFileSync(__filename + '.json',
      JSON.stringify([...process.moduleLoadList, ...Object.keys(require.cache)])));`,
  );
  const env = { ...process.env, WF_DB: path.join(folder, 'wf.db'), XDG_CACHE_HOME: path.join(folder, 'cache') };
  return (...argv: readonly string[]) => {
    execFileSync(process.execPath, ['--require', hook, WF, ...argv], { cwd: folder, env, stdio: 'ignore' });
    return readFileSync(`${hook}.json`, 'utf8');
  };
}

test('a command that starts no program loads nothing that could', () => {
  const loaded = openProject()('runs');
  expect(loaded).toContain('"NativeModule fs"');
  expect(loaded).not.toContain('"NativeModule child_process"');
  // Nor streams, to write a few lines to a file or a pipe.
  expect(loaded).not.toContain('"NativeModule stream"');
});

test('a start loads no HTTP or Web Crypto, nor what Docker or commands need, where none is needed', () => {
  const loaded = openProject()('start', 'one');
  expect(loaded).toContain('"NativeModule crypto"');
  for (const [what, name] of [
    ['Docker', 'dockerode.cjs'],
    ['HTTP', '"NativeModule http"'],
    ['HTTPS', '"NativeModule https"'],
    ['Web Crypto', '"NativeModule internal/crypto/webcrypto"'],
  ] as const) {
    expect(loaded, what).not.toContain(name);
  }
});
