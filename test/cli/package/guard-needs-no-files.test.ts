import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openPackageProject } from '../../support/command/package-project.ts';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { WF } from '../../support/command/run-wf.ts';

const WORKFLOW = readFileSync(new URL('../../fixtures/workflows/setting.ts', import.meta.url), 'utf8');

/** Kills the run once it is unconfirmed, and removes wf, its dependencies and the workflow. */
const SCRIPT = `
wf start setting --id without-files --input folder="$PWD/made" --confirm-within 4s 2> progress & pid=$!
until grep -q '^not confirmed yet' progress; do sleep 0.1; done
kill -9 $pid
rm -rf node_modules workflows
[ -e made/two ] && echo 'the change is in place'
until [ ! -e made/one ]; do sleep 0.1; done
`;

test('a guard undoes a run after wf, its dependencies and the workflow were removed', async () => {
  const project = openPackageProject({ 'workflows/setting.ts': WORKFLOW }, 'own');
  mkdirSync(path.join(project.folder, 'made'));
  writeFileSync(path.join(project.folder, '.wf'), '');
  const { output } = await project.run('sh', ['-c', SCRIPT]);
  expect(output).toContain('the change is in place');
  expect(existsSync(path.join(project.folder, 'node_modules'))).toBe(false);
  const show = () => project.run(process.execPath, [WF, 'show', 'without-files', '--json', '--db', 'data/wf.db']);
  const record = async () => runRecordSchema.parse(JSON.parse((await show()).output));
  await expect.poll(async () => (await record()).status, { timeout: 10_000 }).toBe('rolled-back');
  expect(await record()).toMatchObject({ error: { code: 'E_NOT_CONFIRMED' }, verification: { restored: true } });
}, 60_000);
