import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { COMPLETION_SCRIPTS, SHELLS } from '../../../src/cli/completion/scripts.ts';
import { wordsOfLine } from '../../../src/cli/completion/words-of-line.ts';
import { openFolderWf } from '../../fixtures/cli/folder-services.ts';

test('a line is split into words as a shell splits it', () => {
  expect(wordsOfLine('wf start  lab --input "a=b c" x\\ y \'d "e\'')).toEqual([
    'wf',
    'start',
    'lab',
    '--input',
    'a=b c',
    'x y',
    'd "e',
  ]);
  expect(wordsOfLine('wf start ')).toEqual(['wf', 'start', '']);
  expect(wordsOfLine('')).toEqual(['']);
});

async function openWithRuns() {
  const folderWf = openFolderWf();
  await folderWf.wf(['start', 'files', '--id', 'abc1', '--pause-after', 'setup']);
  await folderWf.wf(['start', 'files', '--id', 'abd2', '--input', 'name=b']);
  const offered = async (...words: readonly string[]) => {
    const { out, exitCode } = await folderWf.wf(['__complete', 'fish', '--', ...words]);
    expect(exitCode).toBe(0);
    return out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t')[0]);
  };
  return { ...folderWf, offered };
}

describe('completion', () => {
  test('offers public commands only', async () => {
    const { offered } = await openWithRuns();
    expect(await offered('')).toEqual(expect.arrayContaining(['start', 'resume', 'runs', 'doctor', 'help']));
    expect(await offered('')).not.toContain('__complete');
    expect(await offered('st')).toEqual(['start', 'steps']);
    expect(await offered('help', 'ro')).toEqual(['rollback']);
    expect(await offered('nosuch', '')).toEqual([]);
  });

  test('offers options of the command and global options, and repeats only repeatable ones', async () => {
    const { offered } = await openWithRuns();
    expect(await offered('start', 'files', '--in')).toEqual(['--input', '--input-file']);
    expect(await offered('start', '--input', 'a=b', '--dry-run', '-')).toEqual(
      expect.arrayContaining(['--input', '--json', '--db']),
    );
    expect(await offered('start', '--dry-run', '--d')).toEqual(['--definition', '--detach', '--db']);
    expect(await offered('--j')).toEqual(['--json']);
  });

  test('offers values of options', async () => {
    const { offered } = await openWithRuns();
    expect(await offered('start', 'files', '--on-failure', '')).toEqual(['rollback', 'keep']);
    expect(await offered('start', 'files', '--on-failure=k')).toEqual(['--on-failure=keep']);
    expect(await offered('start', 'files', '--pause-after', '')).toEqual(['setup', 'test', 'teardown']);
    expect(await offered('resume', 'abc1', '--pause-after', 'te')).toEqual(['test', 'teardown']);
    expect(await offered('start', 'files', '--input', '')).toEqual(['name=', 'pings=', 'broken=', 'undoable=']);
    expect(await offered('start', 'files', '--input', 'broken=')).toEqual(['broken=true', 'broken=false']);
    expect(await offered('start', 'files', '--input', 'name=')).toEqual([':files']);
    expect(await offered('start', '--input-file', '')).toEqual([':files']);
    expect(await offered('--db', '')).toEqual([':files']);
  });

  test('offers runs newest first, resumable runs for resume, and steps of the named run', async () => {
    const { offered } = await openWithRuns();
    expect(await offered('show', '')).toEqual(['abd2', 'abc1', '@latest']);
    expect(await offered('show', 'abc')).toEqual(['abc1']);
    expect(await offered('show', '@')).toEqual(['@latest']);
    expect(await offered('resume', '')).toEqual(['abc1']);
    const steps = ['make', 'look', 'takeAway'];
    expect(await offered('show', 'abd2', '')).toEqual(steps);
    expect(await offered('logs', 'abd2', '')).toEqual([...steps, 'setup', 'test', 'teardown']);
    expect(await offered('logs', 'abd2', 'look', '')).toEqual([]);
    expect(await offered('steps', 'test.l')).toEqual(['test.look']);
    expect(await offered('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  });
});

test('each shell receives candidates in its own format', async () => {
  const { wf } = await openWithRuns();
  expect((await wf(['__complete', 'bash', '--', 'wf show abc'])).out).toBe('abc1\n');
  expect((await wf(['__complete', 'zsh', '--', 'show', 'abc'])).out).toBe('abc1:files, paused\n');
  expect((await wf(['__complete', 'fish', '--', 'show', 'abc'])).out).toBe('abc1\tfiles, paused\n');
});

test.each(SHELLS)('`wf completion %s` prints a script that calls wf', async (shell) => {
  const { wf } = openFolderWf();
  const { out, exitCode } = await wf(['completion', shell]);
  expect({ out, exitCode }).toEqual({ out: COMPLETION_SCRIPTS[shell], exitCode: 0 });
  expect(out).toContain(`__complete ${shell} -- `);
  expect(out).toContain(':files');
});

test.each(SHELLS.filter(isInstalled))('%s parses its script', (shell) => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'wf-completion-')), 'script');
  onTestFinished(() => rmSync(path.dirname(file), { recursive: true }));
  writeFileSync(file, COMPLETION_SCRIPTS[shell]);
  execFileSync(shell, ['-n', file]);
});

function isInstalled(shell: string): boolean {
  try {
    execFileSync(shell, ['-c', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
