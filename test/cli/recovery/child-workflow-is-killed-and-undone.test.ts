import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readRecord } from '../../support/command/read-record.ts';
import { openProject } from '../../support/command/run-wf.ts';

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/workflows/${name}.ts`, import.meta.url), 'utf8');

test('a run that is killed in a child workflow is resumed in it, asks its question, and is undone as a whole', async () => {
  const project = openProject({
    'workflows/two-sites.ts': fixture('two-sites'),
    'workflows/one-site.ts': fixture('one-site'),
  });
  const root = path.join(project.folder, 'sites');
  for (const name of ['a', 'b']) {
    mkdirSync(path.join(root, name), { recursive: true });
    writeFileSync(path.join(root, name, 'index'), `previous ${name}\n`, { mode: 0o640 });
  }
  const state = () => execFileSync('find', [root, '-type', 'f', '-printf', '%P %m %T@ %s\n'], { encoding: 'utf8' });
  const before = state();
  const id = `sites-${path.basename(project.folder)}`;
  const start = ['start', 'two-sites', '--id', id, '--input', `root=${root}`];
  const record = () => readRecord(project, id);

  const checked = await project.sharedWf(['check', 'two-sites']);
  expect(checked.exitCode, checked.stderr).toBe(0);
  const dryRun = await project.sharedWf([...start, '--dry-run']);
  expect(dryRun.stdout).toContain('  first/writeIndex  file.write');

  const killed = await project.wf(start, { env: { WF_CRASH_AT: 'after touch second/writeIndex apply 1 file create' } });
  expect(killed.signal).toBe('SIGKILL');
  const resumed = await project.sharedWf(['resume', id]);
  expect(resumed.exitCode, resumed.stderr).toBe(0);
  expect(record()).toMatchObject({
    status: 'waiting',
    waitingFor: { events: [{ type: 'approve' }, { type: 'reject' }], ask: { title: 'Publish b?' } },
  });
  const refused = await project.sharedWf(['send', id, 'approve', '--data', '{}']);
  expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining('E_EVENT_INVALID')]);
  const sent = await project.sharedWf(['send', id, 'approve', '--data', '{"by":"Ann"}']);
  expect(sent.exitCode, sent.stderr).toBe(0);
  expect(record()).toMatchObject({ status: 'succeeded', output: { sites: ['a', 'b by Ann'] } });
  expect(record().changes.map(({ step, status }) => `${step} ${status}`)).toEqual([
    ...['first/writeIndex reverted', 'second/writeIndex kept', 'second/writeNote kept', 'writeSummary kept'],
  ]);
  expect(readFileSync(path.join(root, 'a/index'), 'utf8')).toBe('previous a\n');
  expect(readFileSync(path.join(root, 'b/index'), 'utf8')).toBe('new b\n');
  const logs = await project.sharedWf(['logs', id, 'second/writeIndex']);
  expect(logs.exitCode, logs.stderr).toBe(0);
  const shown = await project.sharedWf(['show', id]);
  expect(shown.stdout).toContain('second/writeNote');

  const undone = await project.sharedWf(['rollback', id]);
  expect(undone.exitCode, undone.stderr).toBe(0);
  expect(state()).toBe(before);
  expect(existsSync(path.join(root, 'summary'))).toBe(false);
});
