// Fleets of wf on a server of Restate.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { newFolder } from './measure.mjs';
import { killed, started } from './programs.mjs';
import { freePort, startRestate } from './restate.mjs';

export const WF = fileURLToPath(new URL('../../dist/wf.cjs', import.meta.url));

const WORKFLOW = `import { defineWorkflow } from 'wf-engine';
import { execCommand } from 'wf-engine/steps';
import { setup } from 'xstate';
import { z } from 'zod';
const input = { argv: ['touch', 'made'], check: ['test', '-e', 'made'], undo: ['rm', 'made'] };
export default defineWorkflow({
  name: 'file', version: '1', description: 'Makes a file', keepsChanges: true, input: z.object({}),
  machine: setup({ actors: { make: execCommand.with({ alters: [] }) } }).createMachine({
    initial: 'make',
    states: { make: { invoke: { id: 'make', src: 'make', input: () => input, onDone: 'done' } }, done: { type: 'final' } },
  }),
});
`;

/** Creates the folder of a project. */
export function newProject() {
  const folder = newFolder();
  mkdirSync(path.join(folder, 'workflows'));
  writeFileSync(path.join(folder, '.wf'), '');
  writeFileSync(path.join(folder, 'workflows/file.ts'), WORKFLOW);
  return folder;
}

/** Starts a server of Restate, and the handlers. */
export async function fleetOnRestate() {
  const folder = newProject();
  const restate = await startRestate(folder);
  process.on('exit', () => process.kill(restate.pid, 'SIGKILL'));
  // Restate calls the handlers at the address that it has registered, also after a kill.
  const port = String(await freePort());
  const serve = () => started([WF, 'fleet', 'serve', '--port', port, '--admin', restate.admin], folder, 'serving');
  let handlers = await serve();

  /** Calls `wf fleet`, and returns its document. */
  async function fleet(...args) {
    const argv = [WF, 'fleet', ...args, '--fleet', restate.url, '--json'];
    const child = spawn(process.execPath, argv, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
    const [text] = await Promise.all([child.stdout.toArray(), once(child, 'exit')]);
    return JSON.parse(Buffer.concat(text).toString());
  }

  return {
    name: 'wf on Restate',
    url: restate.url,
    /** Returns the process ids of each piece. */
    pieces: () => ({ Restate: [restate.pid], handlers: [handlers.pid] }),
    /** Runs a fleet, and returns the record of the run. */
    async run(id, hosts, { canary, atOnce }) {
      const waves = Object.entries({ '--canary': canary, '--at-once': atOnce })
        .filter(([, size]) => size !== null)
        .flatMap(([option, size]) => [option, String(size)]);
      const record = await fleet('start', 'file', '--hosts', hosts.join(','), '--id', id, ...waves);
      if (record.status !== 'succeeded') throw new Error(JSON.stringify(record.error ?? record));
      return record;
    },
    kills: {
      Restate: async () => {
        await restate.kill();
        await restate.start();
      },
      'the handlers': async () => {
        await killed(handlers);
        handlers = await serve();
      },
    },
  };
}
