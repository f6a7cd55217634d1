import { chmodSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { startAgent } from '../../support/command/agent.ts';
import { ask } from '../../support/page/page-client.ts';
import { servePage } from '../../support/page/served-page.ts';
import { foldersRun, openFoldersProject } from '../../support/workflows/folders.ts';

const TOKEN = 'a-token-of-some-length';
const authorized = { authorization: `Bearer ${TOKEN}` };

test('only programs with the token read the metrics of open runs and of events since the start', async () => {
  const project = openFoldersProject();
  const file = project.write('token', `${TOKEN}\n`);
  const first = foldersRun(project);
  first.go();
  await first.carryOut();
  const served = await servePage(project, [`--metrics-token=${file}`]);
  const second = foldersRun(project);
  second.go();
  await second.carryOut();
  const { status, text, headers } = await ask(served, '/metrics', { headers: authorized });
  expect([status, headers['content-type']]).toEqual([200, expect.stringContaining('text/plain; version=0.0.4')]);
  expect(text).toContain('wf_runs_ended_total{workflow="folders",status="succeeded"} 1\n');
  for (const authorization of ['', 'Bearer ', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`]) {
    const refused = await ask(served, '/metrics', { headers: { authorization } });
    expect(refused).toMatchObject({ status: 401, text: expect.stringMatching(/^\{"error":/) });
  }
  expect((await ask(served, '/api/runs', { headers: authorized })).status).toBe(401);
  expect((await ask(served, '/metrics', { headers: { ...authorized, host: 'evil.example' } })).status).toBe(403);
});

test('an agent serves its own commits', async () => {
  const project = openFoldersProject();
  const file = project.write('token', TOKEN);
  const agent = await startAgent(onTestFinished, project, ['--ui', '--port=0', `--metrics-token=${file}`]);
  const port = Number(/at http:\S+:(\d+);/.exec(await agent.printed(/serves the page at/))?.[1]);
  const { text } = await ask({ port }, '/metrics', { headers: authorized });
  expect(text).toContain('wf_commit_duration_seconds_count');
  agent.kill('SIGTERM');
  await agent.end;
});

test('a token that is short, or that other users can write, is refused', async () => {
  const project = openFoldersProject();
  const short = await project.sharedWf(['ui', '--json', `--metrics-token=${project.write('short', 'x')}`]);
  expect([short.exitCode, short.json()]).toEqual([2, { error: expect.objectContaining({ code: 'E_USAGE' }) }]);
  const file = project.write('open', TOKEN);
  chmodSync(file, 0o666);
  const open = await project.sharedWf(['ui', '--json', `--metrics-token=${file}`]);
  expect([open.exitCode, open.json()]).toEqual([3, { error: expect.objectContaining({ code: 'E_UNTRUSTED' }) }]);
});
