import { readFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { expect, test, vi } from 'vitest';
import { openProject, WF } from '../../support/command/run-wf.ts';
import type { WfEnd } from '../../support/command/wf-process.ts';
import { elementsIn, readPage } from '../../support/page/html-tree.ts';
import { HOSTILE, HOSTILE_WORKFLOW, STEERS } from '../../support/workflows/hostile-workflow.ts';

vi.setConfig({ testTimeout: 180_000 });

const project = openProject({
  'workflows/hostile.ts': HOSTILE_WORKFLOW,
  // A run file with such a stage name is refused.
  'workflows/exported.ts': HOSTILE_WORKFLOW.replaceAll("'first' + H", "'first'").replace(
    "name: 'hostile'",
    "name: 'exported'",
  ),
  'workflows/refused.ts': `throw new Error(${JSON.stringify(HOSTILE)});`,
});

/** Runs wf in its own process. */
async function run(args: readonly string[]) {
  const end = await project.wf(args);
  check(args, end);
  return end;
}

/** Runs wf in the shared process. */
async function runShared(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const end = await project.sharedWf(args, { env });
  check(args, end);
  // The stack of an error contains other texts.
  if (end.exitCode !== 0 && !args.includes('--json'))
    check(args, await project.sharedWf(args, { env: { ...env, WF_DEBUG: '1' } }));
  return end;
}

function check(args: readonly string[], end: WfEnd): void {
  expect(STEERS.exec(end.stdout)?.[0], `stdout of ${args.join(' ')}`).toBeUndefined();
  expect(STEERS.exec(end.stderr)?.[0], `stderr of ${args.join(' ')}`).toBeUndefined();
  // The last filter of the output prints a control character by its number: every text is escaped before that.
  if (!args.includes('dot')) expect(`${end.stdout}${end.stderr}`, args.join(' ')).not.toContain('[U+001B]');
  if (args.includes('--json')) expect(() => end.json(), args.join(' ')).not.toThrow();
}

test('no command prints a control character, as text or as JSON', async () => {
  await run(['start', 'hostile', '--id', 'kept', '--on-failure', 'keep']);
  await run(['start', 'hostile', '--id', 'failed', '--input', 'fail=true', '--json']);
  await runShared([
    'start',
    'hostile',
    '--id',
    'other',
    '--on-failure',
    'keep',
    '--input',
    'fail=true',
    '--input',
    `text=${HOSTILE.replaceAll('\0', '')}x`,
  ]);
  await runShared(['start', 'hostile'], { HOSTILE: '1' });
  const typed = HOSTILE.replaceAll('\0', '');
  await runShared(['settle', 'failed', '1', '--as', 'kept', '--reason', typed]);
  const file = path.join(project.folder, 'report.html');
  const commands = [
    ['runs'],
    ['show', 'failed'],
    ['show', 'failed', 'made'],
    ['show', 'failed', 'fails'],
    ['show', 'kept'],
    ['logs', 'failed'],
    ['logs', 'failed', 'made'],
    ['changes'],
    ['diff', 'kept', 'failed'],
    ['diff', 'kept'],
    ['workflows'],
    ['workflows', 'hostile'],
    ['steps'],
    ['steps', 'net.veth'],
    ['check'],
    ['check', 'refused'],
    ['doctor'],
    ['report', 'failed'],
    ['report', 'failed', '--lang', 'fr'],
    ['graph', 'hostile'],
    ['graph', 'failed'],
    ...['mermaid', 'dot', 'svg', 'json'].map((format) => ['graph', 'failed', '--format', format]),
    ['start', 'hostile', '--dry-run'],
    ['start', 'refused'],
    ['send', 'kept', typed, '--comment', typed],
    ['cancel', 'failed', '--comment', typed],
    ['wait', 'failed'],
    ['start', HOSTILE.replaceAll('\0', '')],
    ['show', HOSTILE.replaceAll('\0', '')],
    ['start', 'hostile', '--input', `${HOSTILE.replaceAll('\0', '')}=1`],
    [HOSTILE.replaceAll('\0', '')],
    ['runs', `--${HOSTILE.replaceAll('\0', '')}`],
    ['resume', '--dry-run'],
    ['resume', 'kept'],
    ['rollback', 'failed'],
    ['sweep'],
    ['export', 'failed', '-o', '-'],
    ['prune', '--keep', '100'],
  ];
  for (const command of commands) {
    await runShared(command);
    if (command[0] !== 'export') await runShared([...command, '--json']);
  }
  for (const shell of ['bash', 'zsh', 'fish']) {
    for (const words of [
      ['wf', 'start', ''],
      ['wf', 'start', 'hostile', '--input', ''],
      ['wf', 'show', ''],
    ])
      await runShared(['__complete', shell, '--', ...words]);
  }
  expect(await runShared(['report', 'failed', '-o', file])).toMatchObject({ exitCode: 0 });
  const page = readFileSync(file, 'utf8');
  expect(STEERS.exec(page)).toBeNull();
  expect(elementsIn(readPage(page)).filter(({ name }) => name === 'script' || name === 'img')).toEqual([]);
});

test('JSON output contains every character, escaped', async () => {
  await runShared(['start', 'hostile', '--id', 'whole', '--on-failure', 'keep']);
  const shown = await run(['show', 'whole', '--json']);
  expect(shown.json()).toMatchObject({ input: { text: HOSTILE } });
  const exported = await runShared(['export', 'whole', '-o', '-']);
  expect(JSON.stringify(exported.json())).toContain(JSON.stringify(HOSTILE).slice(1, -1));
});

test('no command prints a control character of an imported run', async () => {
  await runShared(['start', 'exported', '--id', 'theirs', '--on-failure', 'keep', '--input', 'fail=true']);
  const file = path.join(project.folder, 'theirs.json');
  expect(await runShared(['export', 'theirs', '-o', file])).toMatchObject({ exitCode: 0 });
  const elsewhere = ['--db', path.join(project.folder, 'elsewhere.db')];
  expect(await runShared(['import', file, ...elsewhere])).toMatchObject({ exitCode: 0 });
  for (const command of ['show', 'logs', 'diff', 'report', 'graph', 'changes', 'export'])
    await runShared([command, 'theirs', ...elsewhere, ...(command === 'export' ? ['-o', '-'] : [])]);
  await runShared(['runs', ...elsewhere]);
});

/** The colours, cursor movements and line deletions of the live view. */
const ESCAPE = '\u001b';
const LIVE_VIEW = new RegExp(`${ESCAPE}\\[(?:\\d*(?:;\\d+)*m|\\d*[ABGKJ]|\\?(?:25|2026)[lh])|\r`, 'g');

test('the live view prints only its own escape sequences', async () => {
  const typed = [process.execPath, WF, 'start', 'hostile', '--id', 'live', '--input', 'fail=true'].join(' ');
  const { stdout } = await execa('script', ['--quiet', '--return', '--command', typed, '/dev/null'], {
    cwd: project.folder,
    env: {
      ...project.environment,
      TERM: 'xterm',
      COLUMNS: '200',
    },
    extendEnv: false,
    reject: false,
  });
  expect(stdout).toContain('live');
  expect(STEERS.exec(stdout.replaceAll(LIVE_VIEW, ''))?.[0]).toBeUndefined();
  expect(stdout).not.toContain('\u001b[2J');
});
