import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { readRecord } from '../support/command/read-record.ts';
import { running } from '../support/host/processes.ts';
import { accessibilityProblems, openSignedIn, problemsInColours, sidewaysScroll } from '../support/page/browser.ts';
import { ask, endOf, openSession, pageActionOf } from '../support/page/page-client.ts';
import { type ServedPage, servePage } from '../support/page/served-page.ts';
import { openActionsProject, ownId } from '../support/workflows/actions-project.ts';

const SECRET = 'hunter-2-hunter';
const STARTED = ownId('ui-started');
const ANSWERED = ownId('ui-hostile');
const HOSTILE = '"><img src=x onerror=alert(1)>\u202e<script>alert(2)</script>';
const hostile = JSON.stringify(HOSTILE);

/** Has an input of each kind, hostile texts everywhere, and a question. */
const FORM_WORKFLOW = `
  import { defineWorkflow } from 'wf-engine';
  import { execRead } from 'wf-engine/steps';
  import { setup } from 'xstate';
  import { z } from 'zod';
  const input = z.object({
    name: z.string().regex(/^[a-z]+$/).describe(${hostile}),
    count: z.int().min(1).max(5).default(3),
    mode: z.enum(['fast', 'safe', ${hostile}]).default('safe'),
    isLoud: z.boolean().default(true),
    tags: z.array(z.string()).default(['a']),
    note: z.string().nullable().default(null).describe('anything'),
    limits: z.object({ most: z.number() }).optional(),
    token: z.string().min(8).meta({ secret: true }),
  }).refine(({ name }) => name !== 'root', { message: 'it must be somebody else', path: ['name'] });
  export default defineWorkflow({
    name: 'forms', version: ${hostile}, description: ${hostile}, input,
    events: { [${hostile}]: z.object({ [${hostile}]: z.enum(['yes', ${hostile}]) }) },
    machine: setup({ types: { context: {}, input: {} }, actors: { run: execRead } }).createMachine({
      context: ({ input }) => input, initial: 'echo',
      states: {
        echo: { invoke: { id: 'echo', src: 'run', input: ({ context }) => ({ argv: ['echo', context.name, ${hostile}] }), onDone: 'asks' } },
        asks: {
          meta: { ask: { title: ${hostile}, text: ${hostile}, events: { [${hostile}]: { label: ${hostile} } } } },
          on: { [${hostile}]: 'done' },
          after: { 3600000: 'done' },
        },
        done: { type: 'final' },
      },
    }),
  });`;

const project = openActionsProject({
  'workflows/forms.ts': FORM_WORKFLOW,
  'workflows/broken.ts': 'this is no workflow',
});
let served: ServedPage;

beforeAll(async () => {
  served = await servePage(project, ['--allow-actions']);
});

async function openPage(address: string) {
  const person = await openSignedIn(served, onTestFinished);
  const dialogs: string[] = [];
  person.page.on('dialog', (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  await person.page.goto(`${served.url}${address}`);
  return { ...person, dialogs };
}

const record = async (id: string) => readRecord(project, id);
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
const field = (page: Page, name: string) => page.locator(`[name="${name}"]`);
const problemOf = (page: Page, name: string) => page.locator('.field', { has: field(page, name) }).locator('.problem');
const hasFocus = (page: Page, name: string) =>
  field(page, name).evaluate((element) => element === document.activeElement);

/** Expects a secret in no command line, and in no file of the history. */
function expectUnseen(secret: string): void {
  expect(running(new RegExp(secret))).toEqual([]);
  for (const file of readdirSync(project.folder).filter((name) => name.startsWith('wf.db'))) {
    expect(readFileSync(`${project.folder}/${file}`).includes(secret)).toBe(false);
  }
}

describe('the page of a workflow', () => {
  test('starts a run with checked inputs, shows its plan first, keeps the typed values, and fits the window', async () => {
    const { page, complaints } = await openPage('/workflows');
    await page.setViewportSize({ width: 360, height: 800 });
    expect(await problemsInColours(page)).toEqual([]);
    await page.goto(`${served.url}/workflows/forms`);
    await press(page, 'Start');
    // The browser refuses the first missing field, which has the focus.
    await problemOf(page, 'name').getByText(/./).waitFor();
    expect(await hasFocus(page, 'name')).toBe(true);
    expect(await problemsInColours(page)).toEqual([]);
    await field(page, 'name').fill('root');
    await field(page, 'count').fill('9');
    await field(page, 'tags').fill('["b"');
    await field(page, 'token').fill(SECRET);
    await press(page, 'Start');
    await problemOf(page, 'tags').getByText('Give JSON').waitFor();
    await problemOf(page, 'count').getByText(/5/).waitFor();
    expect(await hasFocus(page, 'count')).toBe(true);
    await field(page, 'count').fill('4');
    await field(page, 'tags').fill('["b"]');
    await press(page, 'Start');
    // The command refuses a value that the form cannot check.
    await problemOf(page, 'name').getByText('it must be somebody else').waitFor();
    expect(await hasFocus(page, 'name')).toBe(true);
    await field(page, 'name').fill('ann');
    await field(page, 'isLoud').uncheck();
    await field(page, 'mode').selectOption('fast');
    await field(page, 'id').fill(STARTED);
    const command = await page.locator('.same-command code').textContent();
    expect(command).toContain(`wf start forms --input name=ann --input count=4 --input mode=fast --input isLoud=false`);
    expect(command).toContain(`--input token=@env:VARIABLE --id ${STARTED} --db`);
    await press(page, 'Dry run');
    await page.getByRole('heading', { name: 'Dry run' }).waitFor();
    await page.getByRole('rowheader', { name: /^echo exec.read/ }).waitFor();
    expect(await problemsInColours(page)).toEqual([]);
    expect(await sidewaysScroll(page)).toBe(0);
    expect((await project.sharedWf(['show', STARTED])).exitCode).toBe(2);
    await press(page, 'Start');
    await page.getByRole('dialog').getByText('One step, which only reads').waitFor();
    expect(await problemsInColours(page)).toEqual([]);
    await press(page, 'Start the run');
    await page.waitForURL(`${served.url}/runs/${STARTED}`);
    await page.getByRole('heading', { name: STARTED }).waitFor();
    const { input } = await record(STARTED);
    expect(input).toMatchObject({ name: 'ann', count: 4, mode: 'fast', isLoud: false, tags: ['b'], note: null });
    // The process of the run is at work.
    expect(running(new RegExp(STARTED))).not.toEqual([]);
    expectUnseen(SECRET);
    await page.goBack();
    await expect.poll(() => field(page, 'name').inputValue()).toBe('ann');
    expect(await field(page, 'isLoud').isChecked()).toBe(false);
    expect(await field(page, 'mode').inputValue()).toBe('"fast"');
    expect(await field(page, 'token').inputValue()).toBe('');
    expect(JSON.stringify(await page.evaluate('history.state'))).not.toContain(SECRET);
    // The id is now in use.
    await field(page, 'token').fill(SECRET);
    await press(page, 'Start');
    await press(page, 'Start the run');
    await page.getByRole('dialog').getByRole('alert').getByText(STARTED).waitFor();
    expect(complaints).toEqual([]);
    expect((await project.sharedWf(['cancel', STARTED])).exitCode).toBe(0);
  });

  test('shows hostile texts as texts, and sends them back unchanged', async () => {
    const { page, complaints, dialogs } = await openPage('/workflows/forms');
    // A character that changes the order of reading is shown by its number.
    await page.getByText(HOSTILE.replace('\u202e', '[U+202E]')).first().waitFor();
    expect(await page.getByRole('main').textContent()).not.toContain('\u202e');
    await field(page, 'name').fill('eve');
    await field(page, 'token').fill(SECRET);
    await field(page, 'mode').selectOption({ index: 2 });
    await field(page, 'note').fill(HOSTILE);
    await field(page, 'id').fill(ANSWERED);
    await press(page, 'Start');
    await press(page, 'Start the run');
    await page.waitForURL(`${served.url}/runs/${ANSWERED}`);
    await page.getByRole('heading', { name: 'img src=x' }).first().waitFor();
    await page.locator('.answers button').first().click();
    expect(await page.locator('.actions').textContent()).not.toContain('\u202e');
    await page.getByRole('dialog').locator('select').selectOption({ index: 2 });
    await page.getByRole('dialog').locator('button[type=submit]').click();
    await page.getByRole('status').getByText('The run took the event').waitFor();
    await expect.poll(async () => (await record(ANSWERED)).status, { timeout: 20_000 }).toBe('succeeded');
    const { input, requests } = await record(ANSWERED);
    expect(input).toMatchObject({ mode: HOSTILE, note: HOSTILE });
    expect(requests).toMatchObject([{ event: { type: HOSTILE, [HOSTILE]: HOSTILE }, outcome: { type: 'handled' } }]);
    await page.goto(`${served.url}/workflows`);
    await page.getByText('E_WORKFLOW_INVALID').or(page.getByText('broken.ts')).first().waitFor();
    expect({ complaints, dialogs }).toEqual({ complaints: [], dialogs: [] });
  });

  test('resumes a run whose process is gone with its secrets, which are typed again', async () => {
    const id = ownId('ui-secret');
    const killed = project.start(['start', 'forms', '--id', id, '--input', 'name=ann', '--input', `token=${SECRET}`]);
    await killed.line(/^waiting for the event/);
    killed.kill('SIGKILL');
    await killed.end;
    const { page, complaints } = await openPage(`/runs/${id}`);
    await page.getByText('Resume it first, with its secret inputs.').waitFor();
    await press(page, 'Resume');
    const dialog = page.getByRole('dialog');
    const resume = dialog.getByRole('button', { name: 'Resume', exact: true });
    await resume.click();
    await problemOf(page, 'token').getByText(/./).waitFor();
    expect(await hasFocus(page, 'token')).toBe(true);
    await field(page, 'token').fill(SECRET);
    await field(page, 'token').press('Enter');
    // The page shows the command before it acts.
    await dialog.getByText('wf keeps the completed step').waitFor();
    expect((await record(id)).status).toBe('interrupted');
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(await dialog.locator('.same-command code').textContent()).toContain(
      `wf resume ${id} --input token=@env:VARIABLE --db`,
    );
    await resume.click();
    await dialog.waitFor({ state: 'detached' });
    await expect.poll(async () => (await record(id)).status, { timeout: 20_000 }).toBe('waiting');
    expectUnseen(SECRET);
    expect((await project.sharedWf(['cancel', id])).exitCode).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('is cached until its file changes', async () => {
    const session = await openSession(served);
    const { writing, cookie } = session;
    const described = async () => (await ask(served, '/api/workflows/touchy', { headers: { cookie } })).text;
    expect(await described()).toContain('Fails until');
    const file = `${project.folder}/workflows/touchy.ts`;
    const text = readFileSync(file, 'utf8');
    const before = statSync(file).mtimeMs;
    project.write('workflows/touchy.ts', text.replace('Fails until', 'Waits until'));
    expect(statSync(file).mtimeMs).not.toBe(before);
    expect(await described()).toContain('Waits until');
    const input = JSON.stringify({ input: { name: 'ann', token: SECRET } });
    const planned = await ask(served, '/api/workflows/forms/plan', { method: 'POST', headers: writing, body: input });
    expect(planned.status).toBe(200);
    expect(planned.text).not.toContain(SECRET);
    expect(JSON.parse(planned.text)).toMatchObject({ plan: { workflow: 'forms', steps: [{ step: 'echo' }] } });
    for (const name of ['workflows%2fforms.ts', '..%2fforms', '%2e%2e', '-h', '--help', 'forms.ts', STARTED, '']) {
      const answer = await ask(served, `/api/workflows/${name}`, { headers: { cookie } });
      expect([name, answer.status === 200 && name !== '']).toEqual([name, false]);
      const start = await ask(served, `/api/workflows/${name}/runs`, { method: 'POST', headers: writing, body: '{}' });
      if (start.status === 202) {
        const end = await endOf(served, session, pageActionOf(start.text));
        expect([name, end.state]).toEqual([name, 'refused']);
      } else {
        expect([name, start.status]).toEqual([name, 404]);
      }
    }
  });
});
