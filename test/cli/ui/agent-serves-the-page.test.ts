import { expect, onTestFinished, test } from 'vitest';
import { startAgent } from '../../support/command/agent.ts';
import { ask, openSession } from '../../support/page/page-client.ts';
import { servePage } from '../../support/page/served-page.ts';
import { foldersRun, openFoldersProject } from '../../support/workflows/folders.ts';

test('wf agent --ui serves the page, and wf ui prints a link to it', async () => {
  const project = openFoldersProject();
  const run = foldersRun(project);
  run.go();
  await run.carryOut();
  const agent = await startAgent(onTestFinished, project, ['--ui', '--port=0', '--base-path=/wf']);
  const line = await agent.printed(/serves the page at/);
  const url = /at (http:\S+\/wf);/.exec(line)?.[1] ?? '';
  const served = {
    url,
    port: Number(new URL(url).port),
    newLink: async () => (await project.sharedWf(['ui', '--base-path=/wf'])).stdout.trim(),
  };
  const { cookie } = await openSession(served);
  const answer = await ask(served, '/wf/api/runs', { headers: { cookie } });
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.text)).toEqual((await project.sharedWf(['runs', '--json'])).json());
  agent.kill('SIGTERM');
  expect((await agent.end).exitCode).toBe(0);
  await expect(ask(served, '/wf/')).rejects.toThrow('ECONNREFUSED');
});

test('wf agent --ui advances runs although another process serves the page with other options', async () => {
  const project = openFoldersProject();
  await servePage(project);
  const agent = await startAgent(onTestFinished, project, ['--ui', '--port=0', '--allow-actions']);
  await agent.printed(/the page is not served: E_UI_RUNNING/);
  agent.kill('SIGTERM');
  expect(await agent.end).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('draining') });
});

test.for(['--port=5000', '--allow-actions'])('wf agent %s without --ui is refused', async (option) => {
  const refused = await openFoldersProject().sharedWf(['agent', '--json', option]);
  expect([refused.exitCode, refused.json()]).toEqual([2, { error: expect.objectContaining({ code: 'E_USAGE' }) }]);
});
