import { expect, test } from 'vitest';
import { readDocPage } from '../../support/doc-page.ts';
import { openPackageProject } from '../../support/package-project.ts';

const { files } = readDocPage('docs/how-to/write-a-step-runner.md');

/** Runs one function of `wf-engine/testing`, from the installed package, on the page's step runner whose `undo` leaves its draft. */
const SCRIPT = `
import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as testing from 'wf-engine/testing';
const folder = path.join(mkdtempSync(path.join(tmpdir(), 'broken-')), 'conf');
mkdirSync(folder);
const tested = { workflow: 'greeting', input: { folder }, observe: () => readdirSync(folder) };
await testing[process.argv[2]](tested);
`;

const project = openPackageProject({
  ...files,
  'steps/config-file.ts': (files['steps/config-file.ts'] ?? '').replace(
    "    await type(['rm', '--force', draft], context);\n  },\n  undoCommands",
    '  },\n  undoCommands',
  ),
  // The broken step is the first one: nothing is killed before it.
  'workflows/greeting.ts': (files['workflows/greeting.ts'] ?? '')
    .replace("initial: 'folder'", "initial: 'file'")
    .replace(/^ {4}folder: \{.*?^ {4}\},\n/ms, '')
    .replace('configFolder, ', ''),
  'try.mjs': SCRIPT,
});

test.each([
  ['killAtEveryPoint', /after touch putGreeting apply 1 tee .*: wf ended with 5/],
  ['failAtEveryTouch', /after touch putGreeting apply 1 tee .*: wf ended with 5/],
])('%s finds an undo that leaves a file, and prints the crash point and the history', async (name, problem) => {
  // The history of a failed run is kept in the folder of the project, which is removed with it.
  const env = { TMPDIR: project.folder };
  const { exitCode, output } = await project.run(process.execPath, ['try.mjs', name], env);
  expect(output).toMatch(problem);
  expect(output).toMatch(/History: \/\S+\/wf\.db, run test-\w+-\d+/);
  expect(exitCode).toBe(1);
});
