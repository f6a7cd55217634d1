import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openProject } from '../../support/command/run-wf.ts';

const PASSWORD = 'S3cret-pa55word';

/** Stores a file with a password by a command, and removes it by another, which reads the password too. */
const WORKFLOW = `import { defineWorkflow, secret } from 'wf-engine';
import { execCommand } from 'wf-engine/steps';
import { setup } from 'xstate';
import { z } from 'zod';

const input = z.object({ folder: z.string(), password: secret(z.string()) });
type Input = z.output<typeof input>;
const machine = setup({
  types: { context: {} as Input, input: {} as Input },
  actors: { execCommand: execCommand.with({ alters: [] }) },
}).createMachine({
  context: ({ input }) => input,
  initial: 'store',
  states: {
    store: {
      invoke: {
        id: 'store',
        src: 'execCommand',
        input: ({ context: { folder, password } }) => ({
          argv: ['cp', '{file:client.cnf}', folder + '/stored'],
          check: ['test', '-e', folder + '/stored'],
          undo: ['sh', '-c', 'cmp "$1" "$2" && rm "$2"', 'sh', '{file:client.cnf}', folder + '/stored'],
          files: { 'client.cnf': { template: 'password={{password}}', values: { password } } },
        }),
        onDone: 'done',
      },
    },
    done: { type: 'final' },
  },
});
export default defineWorkflow({
  name: 'store', version: '1', description: 'Stores a file', input, machine, keepsChanges: true,
});
`;

test('the next command of wf removes the files of a command that was killed with wf, and stores none of their secrets', async () => {
  const project = openProject({ 'workflows/store.ts': WORKFLOW });
  const { folder } = project;
  const kept = `${project.database}.kept`;
  const stored = path.join(folder, 'stored');
  const secret = ['--input', 'password=@env:PASSWORD'];
  const env = { PASSWORD };
  const traces = () =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .filter((file) => readFileSync(file, 'latin1').includes(PASSWORD));

  for (const [index, [point, verb]] of (
    [
      ["after touch store apply 1 cp '{file:client.cnf}' FOLDER/stored", 'resume'],
      ['after touch store apply 1 file lend', 'rollback'],
    ] as const
  ).entries()) {
    const id = `killed${index}-${path.basename(folder)}`;
    const start = ['start', 'store', '--id', id, '--input', `folder=${folder}`, ...secret];
    const killed = await project.wf(start, { env: { ...env, WF_CRASH_AT: point.replace('FOLDER', folder) } });
    expect(killed.signal, killed.stderr).toBe('SIGKILL');
    const left = readdirSync(kept).filter((name) => name !== '.key');
    expect(left).toEqual([expect.stringMatching(`^\\.command-${id}-`)]);
    expect(traces()).toContain(path.join(kept, left[0] ?? '', 'client.cnf'));

    const recovered = await project.sharedWf([verb, id, ...secret], { env });
    expect(recovered.exitCode, recovered.stderr).toBe(0);
    expect(existsSync(stored)).toBe(verb === 'resume');
    expect(traces()).toEqual(verb === 'resume' ? [stored] : []);
    expect(readdirSync(kept).filter((name) => name.includes(id))).toEqual([]);
    if (verb === 'resume') expect((await project.sharedWf(['rollback', id, ...secret], { env })).exitCode).toBe(0);
    expect(traces()).toEqual([]);
  }
});
