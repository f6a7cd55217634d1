// W5: the command itself, from the start of its process to its end, beside a bare node.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { newFolder, timeOf } from './measure.mjs';

const wf = fileURLToPath(new URL('../../dist/wf.cjs', import.meta.url));

const WORKFLOW = `
import { defineStep, defineWorkflow } from 'wf-engine';
import { setup } from 'xstate';
import { z } from 'zod';
const step = defineStep({
  kind: 'bench.step', description: '', input: z.object({}), output: z.object({}),
  commands: () => [], rehearse: () => ({}), read: async () => ({}),
});
export default defineWorkflow({
  name: 'one', version: '1', description: 'one step', input: z.object({}),
  machine: setup({ actors: { step } }).createMachine({
    initial: 'only', states: { only: { invoke: { id: 'only', src: 'step', input: {}, onDone: 'end' } }, end: { type: 'final' } },
  }),
});
`;

let project;

function openProject() {
  const folder = newFolder();
  mkdirSync(path.join(folder, 'workflows'));
  writeFileSync(path.join(folder, '.wf'), '');
  writeFileSync(path.join(folder, 'workflows/one.ts'), WORKFLOW);
  const options = {
    cwd: folder,
    env: { ...process.env, WF_DB: path.join(folder, 'wf.db'), XDG_CACHE_HOME: path.join(folder, 'cache') },
  };
  // The second start finds the database, the translated workflow and V8's cache.
  for (let time = 0; time < 2; time += 1) timeOf([process.execPath, wf, 'start', 'one'], options);
  timeOf([process.execPath, wf, 'runs'], options);
  return options;
}

/** Measures one round. A bare node precedes each command, because the speed of the machine drifts. */
export function coldStarts() {
  project ??= openProject();
  const bare = () => timeOf([process.execPath, '-e', '0'], project);
  const beside = (...args) => {
    const node = bare();
    const ms = timeOf([process.execPath, wf, ...args], project);
    return { ms, 'of a bare node': ms / node };
  };
  return {
    'node -e 0': { ms: bare() },
    'wf --version': beside('--version'),
    'wf runs': beside('runs'),
    'wf start, one step': beside('start', 'one'),
  };
}
