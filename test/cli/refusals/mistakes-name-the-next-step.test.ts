import { describe, expect, test } from 'vitest';
import { expectRefusedAsText } from '../../support/command/refusal.ts';
import { openProject } from '../../support/command/run-wf.ts';
import { foldersRun, killInSecond, openFoldersProject } from '../../support/workflows/folders.ts';

describe.concurrent('a mistake before a database exists', () => {
  const project = openFoldersProject();
  project.write('workflows/broken.ts', 'export default defineWorkflow({ name: ');

  test.for<[args: readonly string[], code: string, message: string, next: string]>([
    [['show', 'abc'], 'E_RUN_NOT_FOUND', 'wf.db does not exist', 'WF_DB'],
    [['resume'], 'E_RUN_NOT_FOUND', 'nothing to resume', '`wf runs`'],
    [['rollback', '@latest'], 'E_RUN_NOT_FOUND', 'wf.db does not exist', '`wf sweep --db '],
    [['start', 'folders'], 'E_INPUT', 'input root is missing', 'Give it: `--input root=...`. Inputs of folders: root'],
    [['start', 'folders', '--input', 'rot=/tmp'], 'E_INPUT', 'unknown input "rot"', 'Did you mean root?'],
    [['start', 'folders', '--input', 'root='], 'E_INPUT', 'input root: ', 'Inputs of folders'],
    [['start', 'folder'], 'E_WORKFLOW_NOT_FOUND', 'there is no workflow "folder"', 'Did you mean folders?'],
    [['start', 'folders', '--pause-after', 'secnod'], 'E_USAGE', 'has no stage of that name', 'Did you mean second?'],
    [['start', 'broken'], 'E_WORKFLOW_INVALID', 'broken.ts cannot be loaded', 'Fix the file, then try again.'],
    [['strat', 'folders'], 'E_USAGE', "unknown command 'strat'", 'Did you mean start?'],
    [['help', 'rolback'], 'E_USAGE', "unknown command 'rolback'", 'Did you mean rollback?'],
    [['runs', '--workflw', 'x'], 'E_USAGE', "unknown option '--workflw'", 'Did you mean --workflow?'],
    [['steps', 'exec.raed'], 'E_STEP_NOT_FOUND', 'step runner "exec.raed" does not exist', 'Did you mean exec.read?'],
    [['completion', 'csh'], 'E_USAGE', 'bash, zsh, fish', '`wf completion --help`'],
  ])('is refused with the next step: wf %j', async ([args, code, message, next]) => {
    expectRefusedAsText(project, await project.sharedWf(args), { exitCode: 2, code, message: [message], next });
  });
});

test.concurrent('a mistake about a running, a killed or an ended run is refused with the next step', async () => {
  const project = openFoldersProject();
  const [over, going, killed] = [foldersRun(project), foldersRun(project), foldersRun(project)];
  over.go();
  expect(await over.carryOut()).toMatchObject({ exitCode: 0 });
  await killInSecond(killed);
  const running = going.start();
  await running.line(/^first {2}makeOne .* ok /);
  // Two letters are swapped.
  const mistyped = over.id.replace(/(.)(.)$/, '$2$1') + (/(.)\1$/.test(over.id) ? 'x' : '');
  const refusals: readonly (readonly [readonly string[], string, number, string, string])[] = [
    [['show', mistyped], 'E_RUN_NOT_FOUND', 2, `"${mistyped}"`, `Did you mean ${over.id}?`],
    [['show', 'folders-'], 'E_RUN_AMBIGUOUS', 2, over.id, 'Type more of the id.'],
    [['show', 'fodlers-'], 'E_RUN_NOT_FOUND', 2, '"fodlers-"', 'Did you mean folders-'],
    [['logs', over.id, 'makeOen'], 'E_STEP_NOT_FOUND', 2, 'nor a stage "makeOen"', 'Did you mean makeOne?'],
    [['resume', over.id], 'E_RUN_ENDED', 2, 'has ended (succeeded)', `\`wf show ${over.id}\``],
    [['resume', going.id], 'E_LEASE_HELD', 4, `process ${running.pid}`, `\`wf wait ${going.id}\``],
    [['rollback', going.id], 'E_LEASE_HELD', 4, `process ${running.pid}`, `\`wf cancel ${going.id}\``],
    [['resume', killed.id, '--input', 'root=/tmp'], 'E_INPUT', 2, 'no secret input', 'Give only secret inputs again'],
    [['resume', killed.id, '--pause-after', 'thrid'], 'E_USAGE', 2, 'has no stage of that name', 'Did you mean third?'],
  ];
  for (const [args, code, exitCode, message, next] of refusals) {
    expectRefusedAsText(project, await project.sharedWf(args), { exitCode, code, message: [message], next });
  }
  going.go();
  killed.go();
  expect(await running.end).toMatchObject({ exitCode: 0 });
  expect(await project.sharedWf(['resume', killed.id])).toMatchObject({ exitCode: 0 });
});

test.concurrent('the help of each command has an example of it', async () => {
  const project = openProject();
  const { stdout } = await project.wf(['--help']);
  const commands = [...stdout.matchAll(/^ {2}([a-z]+)(?: .*)? {2}/gm)].map(([, name = '']) => name);
  expect(commands.length).toBeGreaterThan(12);
  for (const command of commands.filter((name) => name !== 'help')) {
    const help = await project.sharedWf(['help', command]);
    expect(help).toMatchObject({ exitCode: 0, stderr: '' });
    const examples = help.stdout.slice(help.stdout.indexOf('\nExamples:\n'));
    expect(examples, command).toContain(`wf ${command}`);
  }
});
