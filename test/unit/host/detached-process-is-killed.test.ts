import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startDetached } from '../../../src/host/processes/detached-process.ts';
import { processStat } from '../../../src/host/processes/process.ts';
import { temporaryFolder } from '../../fixtures/history/temporary.ts';

test('a killed process has ended, although another one that it has left holds its output', async () => {
  const program = path.join(temporaryFolder(), 'program.mjs');
  writeFileSync(
    program,
    `import { spawn } from 'node:child_process';
     const left = spawn('sleep', ['600'], { detached: true, stdio: ['ignore', 'inherit', 'inherit'] });
     process.stdout.write(left.pid + '\\n');
     setInterval(() => {}, 1000);`,
  );
  const started = startDetached(program, []);
  const left = Number(await started.firstLine);
  onTestFinished(() => void process.kill(left, 'SIGKILL'));
  started.kill();
  expect(await started.end).toMatchObject({ exitCode: null });
});

test('a detached process is killed with all that it has started', async () => {
  const program = path.join(temporaryFolder(), 'program.mjs');
  writeFileSync(
    program,
    `import { spawn } from 'node:child_process';
     process.stdout.write(spawn('sleep', ['600'], { stdio: 'ignore' }).pid + '\\n');
     setInterval(() => {}, 1000);`,
  );
  const started = startDetached(program, []);
  const child = Number(await started.firstLine);
  expect(processStat(child)).toBeDefined();
  started.kill();
  expect(await started.end).toMatchObject({ exitCode: null });
  await expect.poll(() => ['Z', undefined].includes(processStat(child)?.state), { timeout: 5_000 }).toBe(true);
});
