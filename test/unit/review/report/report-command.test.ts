import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { report } from '../../../../src/cli/commands/reviewing/report.ts';
import type { ResolvedWorkflow, Services } from '../../../../src/cli/services/services.ts';
import { WfError } from '../../../../src/engine/model/errors.ts';
import { asDefinitionHash } from '../../../../src/engine/model/ids.ts';
import { systemClock } from '../../../../src/host/machine/clock.ts';
import lab from '../../../../workflows/lab-network.ts';
import { testTerminal } from '../../../fixtures/cli/test-terminal.ts';
import { openForTest, temporaryFolder } from '../../../fixtures/history/temporary.ts';
import { RECORDED, replayRecordedLab } from '../../../fixtures/review/recorded-lab-run.ts';
import { loaded } from '../../../support/in-process/folder-host.ts';
import { only, readPage, textIn } from '../../../support/page/html-tree.ts';

const ID = RECORDED.header.id;

/** Returns the command on the recorded run; `workflow` loads the current workflow file. */
function open(workflow: () => Promise<ResolvedWorkflow> = async () => resolved()) {
  const { history } = openForTest();
  replayRecordedLab(history);
  const unused = async () => {
    throw new Error('a report asks for nothing else');
  };
  const services: Services = {
    clock: systemClock,
    places: { database: '', namedDatabase: null, project: undefined, workflowFolders: [], cacheFolder: '' },
    pidNamespace: '1',
    isAlive: () => false,
    historyForReading: async () => history,
    workflow,
    history: unused,
    engine: unused,
    workflows: unused,
    stepRunners: unused,
    projectStepRunners: unused,
    requirements: unused,
    runtimes: unused,
    hostPorts: unused,
    noticesSent: () => undefined,
    close: async () => {},
  };
  return async (options: Readonly<Record<string, unknown>>) => {
    const terminal = testTerminal();
    const exitCode = await report({ run: ID, ...options }, services, terminal);
    return { exitCode, ...terminal.written };
  };
}

function resolved(hash: string = RECORDED.header.definitionHash): ResolvedWorkflow {
  const { narrative } = lab;
  const workflow = loaded(lab);
  const definition = { hash: asDefinitionHash(hash), description: null };
  if (narrative === undefined) throw new Error('the lab has a narrative');
  return {
    workflow: { ...workflow, narrative: async (facts) => narrative({ ...facts, input: lab.input.parse(facts.input) }) },
    definition,
    file: 'lab-network.ts',
  };
}

test('a report goes to stdout as Markdown by default', async () => {
  const run = open();
  const { exitCode, out, err } = await run({});
  expect([exitCode, err]).toEqual([0, '']);
  expect(out).toMatch(/^# Two Docker networks, joined by hand\n/);
  expect((await run({ lang: 'fr' })).out).toMatch(/^# Deux réseaux Docker, reliés à la main\n/);
});

test('the extension of the file selects the format', async () => {
  const run = open();
  const folder = temporaryFolder();
  for (const name of ['a.md', 'a.markdown', 'a.html', 'a.HTM']) {
    const output = path.join(folder, name);
    const { exitCode, out, err } = await run({ output, lang: 'fr' });
    expect([exitCode, out]).toEqual([0, '']);
    expect(err).toContain(output);
    const text = readFileSync(output, 'utf8');
    if (name.includes('m', 2) && !name.toLowerCase().includes('.ht')) expect(text).toMatch(/^# Deux réseaux/);
    else expect(textIn(only(readPage(text), 'h1'))).toBe('Deux réseaux Docker, reliés à la main');
  }
  await expect(run({ output: path.join(folder, 'a.pdf') })).rejects.toMatchObject({
    code: 'E_USAGE',
    hint: expect.stringContaining('.html'),
  });
  expect(readdirSync(folder).toSorted()).toEqual(['a.HTM', 'a.html', 'a.markdown', 'a.md']);
});

test('an existing file is replaced only with --force, and no other file is left', async () => {
  const run = open();
  const folder = temporaryFolder();
  const output = path.join(folder, 'report.md');
  writeFileSync(output, 'mine');
  await expect(run({ output })).rejects.toMatchObject({ code: 'E_USAGE', hint: expect.stringContaining('--force') });
  expect(readFileSync(output, 'utf8')).toBe('mine');
  expect((await run({ output, force: true })).exitCode).toBe(0);
  expect(readFileSync(output, 'utf8')).toMatch(/^# Two Docker/);
  symlinkSync(path.join(folder, 'nowhere'), path.join(folder, 'link.md'));
  await expect(run({ output: path.join(folder, 'link.md') })).rejects.toMatchObject({ code: 'E_USAGE' });
  expect(readdirSync(folder).toSorted()).toEqual(['link.md', 'report.md']);
});

test('a path that cannot be written is reported, and no file is left', async () => {
  const run = open();
  const folder = temporaryFolder();
  const output = path.join(folder, 'not-there', 'report.html');
  await expect(run({ output })).rejects.toMatchObject({ code: 'E_USAGE', message: expect.stringContaining(output) });
  expect(existsSync(path.dirname(output))).toBe(false);
  mkdirSync(path.join(folder, 'folder.md'));
  await expect(run({ output: path.join(folder, 'folder.md'), force: true })).rejects.toMatchObject({ code: 'E_USAGE' });
  expect(readdirSync(folder)).toEqual(['folder.md']);
});

test('--json prints one document', async () => {
  const run = open();
  const { out } = await run({ json: true, lang: 'fr' });
  expect(JSON.parse(out)).toEqual({
    run: ID,
    language: 'fr',
    format: 'markdown',
    file: null,
    text: expect.stringContaining('# Deux'),
  });
  const output = path.join(temporaryFolder(), 'report.html');
  const written = await run({ json: true, output });
  expect(JSON.parse(written.out)).toEqual({
    run: ID,
    language: 'en',
    format: 'html',
    file: output,
    bytes: expect.any(Number),
  });
  expect(written.err).toBe('');
});

test('a report without explanations states that the workflow has changed, is gone or fails', async () => {
  const gone = async (): Promise<ResolvedWorkflow> => {
    throw new WfError('E_WORKFLOW_NOT_FOUND', 'there is no workflow "lab-network"', { hint: 'x' });
  };
  const failing = async () => {
    const { workflow, ...rest } = resolved();
    const narrative = async () => {
      throw new Error('a defect of the narrative');
    };
    return { ...rest, workflow: { ...workflow, narrative } };
  };
  const changed = async () => resolved('0'.repeat(64));
  for (const [workflow, words] of [
    [gone, 'there is no workflow "lab-network"'],
    [failing, 'a defect of the narrative'],
    [changed, 'has changed since this run'],
  ] as const) {
    const { exitCode, out } = await open(workflow)({});
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^# lab-network\n/);
    expect(out).toContain('This report has no explanations');
    expect(out).toContain(words);
    expect(out).toContain('RTNETLINK answers: File exists');
  }
});

test('an unknown run and an unknown language are refused', async () => {
  const run = open();
  await expect(run({ run: 'nosuch' })).rejects.toMatchObject({ code: 'E_RUN_NOT_FOUND' });
  await expect(run({ lang: 'de' })).rejects.toThrow();
});
