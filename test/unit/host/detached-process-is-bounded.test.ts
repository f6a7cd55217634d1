import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { startDetached } from '../../../src/host/processes/detached-process.ts';
import { folderOfFile } from '../../support/host/file-folder.ts';
import { notAfterTest, running, untilRunning } from '../../support/host/processes.ts';

function program(name: string, text: string): string {
  const file = path.join(folderOfFile(), name);
  writeFileSync(file, text);
  return file;
}

test('32 MiB of an output are kept, and the rest does not block the process', async () => {
  const prints = program(
    'prints.cjs',
    "process.stdout.write('a'.repeat(33 * 1024 * 1024)); process.stderr.write('b');",
  );
  const end = await startDetached(prints, []).end;
  expect({ ...end, stdout: end.stdout.length }).toEqual({
    exitCode: 0,
    stdout: 32 * 1024 * 1024,
    stderr: 'b',
    isCut: true,
  });
  const echoes = program('echoes.cjs', 'process.stdin.pipe(process.stdout);');
  expect(await startDetached(echoes, [], process.env, 'short').end).toMatchObject({ stdout: 'short', isCut: false });
});

test('a process is killed with those that it started, and an ended one is not killed again', async () => {
  notAfterTest('sleep 86399.5');
  const starts = program('starts.cjs', "require('node:child_process').spawnSync('sleep', ['86399.5']);");
  const started = startDetached(starts, []);
  await untilRunning('sleep 86399.5');
  started.kill();
  expect(await started.end).toMatchObject({ exitCode: null });
  await expect.poll(() => running('sleep 86399.5')).toEqual([]);
  expect(() => started.kill()).not.toThrow();
});
