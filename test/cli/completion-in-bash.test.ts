import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openProject, WF } from '../support/run-wf.ts';

const WORKFLOW = readFileSync(new URL('../fixtures/workflows/note.ts', import.meta.url), 'utf8');
const CLEAR_LINE = '\u0015';

/** A bash that a person types into, on a terminal of its own. */
function openBash(env: Readonly<Record<string, string>>, cwd: string) {
  const child = spawn('script', ['-qec', 'bash --norc --noprofile -i', '/dev/null'], {
    env,
    cwd,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let seen = '';
  let look = () => {};
  child.stdout.on('data', (chunk) => {
    seen += String(chunk);
    look();
  });
  return {
    type: (text: string) => void child.stdin.write(text),
    /** Resolves when the terminal shows this after what was waited for last. */
    shows: (text: string) =>
      new Promise<void>((resolve) => {
        look = () => {
          const at = seen.indexOf(text);
          if (at === -1) return;
          seen = seen.slice(at + text.length);
          look = () => {};
          resolve();
        };
        look();
      }),
    async close() {
      child.stdin.end(`${CLEAR_LINE}exit\n`);
      await new Promise((resolve) => child.once('close', resolve));
    },
  };
}

function isInstalled(program: string): boolean {
  try {
    execFileSync('sh', ['-c', 'command -v "$0"', program]);
    return true;
  } catch {
    return false;
  }
}

test.skipIf(!isInstalled('script') || !isInstalled('bash'))(
  'in a bash that a person types into',
  async ({ onTestFinished }) => {
    const project = openProject({ 'workflows/note.ts': WORKFLOW });
    const bin = path.join(project.folder, 'bin');
    mkdirSync(bin);
    chmodSync(project.write('bin/wf', `#!/bin/sh\nexec "${process.execPath}" "${WF}" "$@"\n`), 0o755);
    const env = {
      PATH: `${bin}:${process.env['PATH']}`,
      HOME: project.folder,
      WF_DB: project.database,
      TERM: 'dumb',
      PS1: '> ',
    };
    const bash = openBash(env, project.folder);
    onTestFinished(() => bash.close());
    bash.type('source <(wf completion bash) && echo re""ady\n');
    await bash.shows('ready');
    for (const [typed, becomes] of [
      ['wf rollb\t', 'wf rollback '],
      ['wf start no\t', 'wf start note '],
      ['wf start note --dry\t', 'wf start note --dry-run '],
      ['wf start note --on-failure=k\t', 'wf start note --on-failure=keep '],
      ['wf start note --runtime d\t', 'wf start note --runtime docker '],
      ['wf start --input-file workf\t', 'wf start --input-file workflows/'],
    ] as const) {
      bash.type(`${CLEAR_LINE}${typed}`);
      await bash.shows(becomes);
    }
    expect(await project.wf(['__complete', 'bash', '--', 'wf show '])).toMatchObject({ exitCode: 0, stdout: '' });
  },
);
