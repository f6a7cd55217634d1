import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { SHELLS, type Shell } from '../../../src/cli/completion/scripts.ts';
import { openProject, WF } from '../../support/command/run-wf.ts';

const WORKFLOW = readFileSync(new URL('../../fixtures/workflows/note.ts', import.meta.url), 'utf8');

/** How each shell starts without the settings of a user, and how it loads the completion of wf. */
const STARTED: Readonly<Record<Shell, { readonly command: string; readonly setUp: string }>> = {
  bash: { command: 'bash --norc --noprofile -i', setUp: 'source <(wf completion bash)' },
  zsh: { command: 'zsh -f -i', setUp: 'autoload -Uz compinit && compinit -u -D && source <(wf completion zsh)' },
  fish: { command: 'fish --no-config --private', setUp: 'wf completion fish | source' },
};

/** An interactive shell on its own terminal. */
function openShell(command: string, env: Readonly<Record<string, string>>, cwd: string) {
  const child = spawn('script', ['-qec', command, '/dev/null'], { env, cwd, stdio: ['pipe', 'pipe', 'inherit'] });
  let seen = '';
  let search = () => {};
  child.stdout.on('data', (chunk) => {
    seen += String(chunk);
    search();
  });
  return {
    type: (text: string) => void child.stdin.write(text),
    /** Resolves to the first match in the output after the previous match. */
    shows: (pattern: RegExp) =>
      new Promise<string>((resolve) => {
        search = () => {
          const [found] = pattern.exec(seen) ?? [];
          if (found === undefined) return;
          seen = seen.slice(seen.search(pattern) + found.length);
          search = () => {};
          resolve(found);
        };
        search();
      }),
    async close() {
      child.stdin.end('exit\n');
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

/** Forwards completion requests to wf, and prints the arguments of any other command. */
const PRINTS_ITS_ARGUMENTS = `#!/bin/sh
case $1 in completion|__complete) exec "${process.execPath}" "${WF}" "$@";; esac
printf 'given:'; printf '[%s]' "$@"; echo .
`;

// `npm test` installs every shell if it can.
test.skipIf(!isInstalled('script')).each(SHELLS.filter(isInstalled))(
  'completion works in an interactive %s',
  async (shell) => {
    const project = openProject({ 'workflows/note.ts': WORKFLOW });
    const bin = path.join(project.folder, 'bin');
    mkdirSync(bin);
    chmodSync(project.write('bin/wf', PRINTS_ITS_ARGUMENTS), 0o755);
    const env = {
      ...project.environment,
      PATH: `${bin}:${process.env['PATH']}`,
      HOME: project.folder,
      TERM: 'dumb',
      PS1: '> ',
    };
    const { command, setUp } = STARTED[shell];
    const opened = openShell(command, env, project.folder);
    try {
      opened.type(`${setUp} && echo re""ady\n`);
      await opened.shows(/ready/);
      for (const [typed, given] of [
        ['wf rollb\t', '[rollback]'],
        ['wf start no\t', '[start][note]'],
        ['wf start note --dry\t', '[start][note][--dry-run]'],
        ['wf start note --on-failure=k\t', '[start][note][--on-failure=keep]'],
        ['wf start note --runtime d\t', '[start][note][--runtime][docker]'],
        // No space follows the equals sign: the next characters belong to the same word.
        ['wf start note --input fi\tx', '[start][note][--input][file=x]'],
        ['wf start --input-file workflows/n\t', '[start][--input-file][workflows/note.ts]'],
      ] as const) {
        opened.type(`${typed}\n`);
        expect(await opened.shows(/given:.*\.\r?\n/)).toBe(`given:${given}.\r\n`);
      }
    } finally {
      await opened.close();
    }
  },
);
