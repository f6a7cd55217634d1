import { expect, test } from 'vitest';
import { readDocPage } from '../../support/command/doc-page.ts';
import { openPackageProject } from '../../support/command/package-project.ts';
import { chosen, EVERY_CASE, inTurn, SEED } from '../../support/rotation.ts';

const { files } = readDocPage('docs/how-to/write-a-step-runner.md');
const [runner = '', workflow = ''] = [files['steps/config-file.ts'], files['workflows/greeting.ts']];

/**
 * Calls one function of `wf-engine/testing`, from the installed package, for the workflow of this name. The function tries the touches
 * of the host, or only every third one, from the given one on.
 */
const SCRIPT = `
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as testing from 'wf-engine/testing';
const [name, call, turn] = process.argv.slice(2);
const folder = path.join(mkdtempSync(path.join(tmpdir(), 'broken-')), 'conf');
mkdirSync(folder);
const inTurn = (_, index) => turn === undefined || index % 3 === Number(turn);
const choose = (all) => (call === 'failEachStep' ? all : all.filter((point) => / touch /.test(point)).filter(inTurn));
const tested = { workflow: name, input: { folder }, observe: testing.hostState({ files: [folder] }), choose };
const file = path.join(folder, 'greeting');
const foreign = { 'a file': { put: () => writeFileSync(file, 'mine'), remove: () => rmSync(file, { force: true }) } };
const given = { foreignInTheWay: foreign, afterReboot: () => {} };
await testing[call](tested, given[call]);
`;

/** Changes of the page's step runner, of which each breaks one promise; the workflow makes only this change. */
const BROKEN: Readonly<Record<string, readonly (readonly [right: string, wrong: string])[]>> = {
  whole: [],
  'leaves-its-draft': [
    ["    await type(['rm', '--force', draft], context);\n  },\n  undoCommands", '  },\n  undoCommands'],
  ],
  'leaves-its-file': [["if ((await contentOf(file)) === content) await type(['rm', '--force', file], context);", '']],
  overwrites: [
    ["return { found: 'foreign', error: isForeign(file) };", "return { found: 'partial', target, record: plan };"],
    ['if ((await contentOf(file)) === null) {', 'if ((await contentOf(file)) !== plan.content) {'],
    ["['ln', '--no-target-directory'", "['ln', '--force', '--no-target-directory'"],
  ],
  forgets: [['survivesReboot: true', 'survivesReboot: false']],
};

const project = openPackageProject({
  'steps/config-folder.ts': files['steps/config-folder.ts'] ?? '',
  'try.mjs': SCRIPT,
  ...Object.fromEntries(
    Object.entries(BROKEN).flatMap(([name, changes]) => [
      [`steps/${name}.ts`, changes.reduce(replaced, runner)],
      [
        `workflows/${name}.ts`,
        workflow
          .replace('../steps/config-file.ts', `../steps/${name}.ts`)
          .replace("name: 'greeting'", `name: '${name}'`)
          .replace("initial: 'folder'", "initial: 'file'")
          .replace(/^ {4}folder: \{.*?^ {4}\},\n/ms, '')
          .replace(/^ {4}teardown: \{.*?^ {4}\},\n/ms, '')
          .replace("onDone: 'teardown'", "onDone: 'done'")
          .replace('configFolder, ', '')
          .replace(/^ {2}machine,\n\}/m, '  machine,\n  keepsChanges: true,\n}'),
      ],
    ]),
  ),
});

function replaced(text: string, [right, wrong]: readonly [string, string]): string {
  expect(text).toContain(right);
  return text.replace(right, wrong);
}

const call = (name: string, tested: string, ...turn: readonly string[]) =>
  // The history of a failed run is kept in the folder of the project, which is removed with it.
  project.run(process.execPath, ['try.mjs', name, tested, ...turn], { TMPDIR: project.folder });

const FOUND = [
  ['killEverywhere', 'leaves-its-draft', /after touch putGreeting apply 1 tee .*: wf ended with 5/],
  ['failEachTouch', 'leaves-its-draft', /after touch putGreeting apply 1 tee .*: wf ended with 5/],
  ['failEachStep', 'leaves-its-file', /undisturbed: wf ended with 5/],
  ['foreignInTheWay', 'overwrites', /a file is in the way: expected the state .*/],
  ['afterReboot', 'forgets', /a reboot after the end of the run: expected the state .*/],
] as const;

test.for(inTurn(FOUND, 5))(
  '%s finds a step runner that %s, and prints the crash point and the history',
  async ([tested, name, problem]) => {
    const { exitCode, output } = await call(name, tested);
    expect(output).toMatch(problem);
    expect(output).toMatch(/History: \/\S+\/wf\.db, run test-\w+-\d+/);
    expect(exitCode).toBe(1);
  },
);

test.for(chosen(['afterReboot', 'runTwiceSideBySide']))('%s finds nothing in a correct step runner', async (tested) => {
  const turn = tested === 'afterReboot' && !EVERY_CASE ? [`${Math.floor(SEED / 2) % 3}`] : [];
  expect(await call('whole', tested, ...turn)).toMatchObject({ exitCode: 0, output: '' });
});
