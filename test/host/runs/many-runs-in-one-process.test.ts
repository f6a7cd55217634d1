import { chmodSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openPackageProject } from '../../support/command/package-project.ts';
import { WITH_OWN_NAMES } from '../../support/host/own-names.ts';
import { describeOwnNetwork } from '../../support/host/own-network.ts';

const RUNS = 100;

const WORKFLOW = `import { defineWorkflow } from 'wf-engine';
import { execCommand } from 'wf-engine/steps';
import { setup } from 'xstate';
import { z } from 'zod';

const input = z.object({ folder: z.string() });
const machine = setup({ actors: { execCommand } }).createMachine({
  context: ({ input }) => input,
  initial: 'make',
  states: {
    make: {
      invoke: {
        id: 'makeFolder',
        src: 'execCommand',
        input: ({ context: { folder } }) => ({
          argv: ['mkdir', folder],
          check: ['test', '-d', folder],
          undo: ['rmdir', folder],
        }),
        onDone: 'wait',
      },
    },
    wait: { after: { 1000: 'done' } },
    done: { type: 'final' },
  },
});
export default defineWorkflow({
  name: 'folder', version: '1', description: 'Makes a folder.', input, machine, keepsChanges: true,
});
`;

const PROGRAM = `import { openEngine } from 'wf-engine';
import folder from './workflow.js';

const engine = await openEngine({ database: 'wf.db', workflows: [folder] });
const startedAt = performance.now();
const ends = Array.from({ length: ${RUNS} }, async (_, index) => {
  const run = await engine.start(folder, { folder: \`\${process.cwd()}/made/\${index}\` });
  return (await run.record).status;
});
const statuses = await Promise.all(ends);
console.log(statuses.filter((status) => status === 'succeeded').length, Math.round(performance.now() - startedAt));
await engine.close();
`;

describeOwnNetwork('many runs in one process', () => {
  test('all succeed and share the fingerprints of the host', async () => {
    const project = openPackageProject({ 'workflow.js': WORKFLOW, 'program.js': PROGRAM });
    mkdirSync(path.join(project.folder, 'made'));
    // wf runs tc once for each sample of the host.
    const log = path.join(project.folder, 'samples');
    project.write({ 'tools/tc': `#!/bin/sh\necho sample >> ${log}\necho '[]'\n` });
    chmodSync(path.join(project.folder, 'tools/tc'), 0o755);
    const PATH = `${path.join(project.folder, 'tools')}:${process.env['PATH'] ?? ''}`;
    const [program = '', ...through] = WITH_OWN_NAMES;
    const { exitCode, output } = await project.run(program, [...through, process.execPath, 'program.js'], { PATH });
    expect(exitCode, output).toBe(0);
    const [succeeded, tookMs] = output.split(' ').map(Number);
    process.stderr.write(`${RUNS} runs took ${tookMs} ms\n`);
    expect(succeeded).toBe(RUNS);
    expect(readdirSync(path.join(project.folder, 'made'))).toHaveLength(RUNS);
    // 400 samples if each run took its own fingerprints.
    expect(readFileSync(log, 'utf8').split('\n').length).toBeLessThan(RUNS);
    expect(tookMs).toBeLessThan(60_000);
  }, 120_000);
});
