import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Owner, sameOwner } from '../../src/engine/model/identity/owner.ts';
import {
  PROCESS_MARK_VARIABLE,
  type ProcessMark,
  processMarkText,
} from '../../src/engine/model/identity/process-mark.ts';
import { asStepId } from '../../src/engine/model/ids.ts';
import { systemClock } from '../../src/host/machine/clock.ts';
import { canUseCgroups } from '../../src/host/processes/command-cgroups.ts';
import { markedProcesses } from '../../src/host/processes/marked-processes.ts';
import { createOrphanedProcesses } from '../../src/host/processes/orphaned-processes.ts';
import { ownProcess } from '../../src/host/processes/process.ts';
import { startChild } from '../fixtures/history/child.ts';
import { runId } from '../fixtures/history/samples.ts';
import { notAfterTest, running, startForTest, untilRunning } from '../support/host/processes.ts';

const orphans = createOrphanedProcesses(systemClock);
const run = runId(`orphans-${process.pid}`);
const dead: Owner = { ...ownProcess(), startTime: '1' };
const sh = (script: string): [string, ...string[]] => ['sh', '-c', script];
const ofRun = (mark: ProcessMark) => mark.run === run;

function marked(changes: Partial<ProcessMark> = {}): Record<string, string> {
  return {
    [PROCESS_MARK_VARIABLE]: processMarkText({ run, step: asStepId('s'), attempt: 1, owner: dead, ...changes }),
  };
}

test('orphaned processes are ended, however they were started, and no other process is', async () => {
  const commands = [
    ['sleep', '171.1'],
    ['setsid', 'sleep', '171.2'],
    ['nohup', 'sleep', '171.3'],
    sh('sleep 171.4 & wait'),
  ];
  const lines = ['sleep 171.1', 'sleep 171.2', 'sleep 171.3', 'sleep 171.4'];
  notAfterTest(...lines);
  const wf = startChild('host/run-marked', [run, 'left', JSON.stringify(commands)]);
  const owner: Owner = JSON.parse(await wf.line(1));
  const pids = await Promise.all(lines.map((line) => untilRunning(line)));
  const bystanders = [
    startForTest(['sleep', '171.1']),
    startForTest(['sleep', '171.1'], marked({ run: runId(`${run}-other`), owner })),
    startForTest(['sleep', '171.1'], marked({ owner: { ...owner, startTime: '2' } })),
    startForTest(['sleep', '171.1'], { [PROCESS_MARK_VARIABLE]: 'not one of wf' }),
  ];
  wf.process.kill('SIGKILL');
  await wf.ended;
  expect(lines.flatMap(running)).toEqual(expect.arrayContaining(pids));

  const ended = await orphans.end((mark) => ofRun(mark) && sameOwner(mark.owner, owner));
  expect(ended).toHaveLength(5); // the four, and the shell that waits
  expect(ended.map(({ pid }) => pid)).toEqual(expect.arrayContaining(pids));
  expect(ended).toContainEqual({
    pid: pids[1],
    command: 'sleep 171.2',
    mark: { run, step: 'left', attempt: 1, owner },
  });
  expect(lines.flatMap(running).sort()).toEqual(bystanders.sort());
});

test.skipIf(!canUseCgroups())(
  'an orphaned process is ended even if it has left its environment, its session and its parent',
  async () => {
    const lines = ['sleep 174.1', 'sleep 174.2'];
    const commands = [
      sh('env -i setsid sleep 174.1 & sleep 174.3'),
      sh('env -i setsid sleep 174.2 >/dev/null 2>&1 </dev/null &'),
    ];
    notAfterTest(...lines, 'sleep 174.3');
    const wf = startChild('host/run-marked', [`${run}-c`, 'cleared', JSON.stringify(commands)]);
    const owner: Owner = JSON.parse(await wf.line(1));
    const pids = await Promise.all(lines.map((line) => untilRunning(line)));
    wf.process.kill('SIGKILL');
    await wf.ended;
    const bystander = startForTest(['env', '-i', 'sleep', '174.1']);
    const ended = await orphans.end((mark) => sameOwner(mark.owner, owner));
    expect(ended.map(({ pid }) => pid)).toEqual(expect.arrayContaining(pids));
    expect(ended).toContainEqual(
      expect.objectContaining({
        command: 'sleep 174.2',
        mark: { run: `${run}-c`, step: 'cleared', attempt: 1, owner },
      }),
    );
    expect(lines.flatMap(running)).toEqual([bystander]);
  },
);

test('an orphaned process gets SIGTERM first, and SIGKILL if it does not end', async () => {
  const note = path.join(temporaryFolder(), 'cleaned-up');
  startForTest(sh(`trap 'echo done > ${note}; exit' TERM; sleep 172.5 & wait`), marked());
  startForTest(sh('trap "" TERM; while :; do sleep 172.25; done'), marked());
  await Promise.all([untilRunning('sleep 172.5'), untilRunning('sleep 172.25')]);
  const startedAt = performance.now();
  expect((await orphans.end(ofRun)).length).toBeGreaterThanOrEqual(4);
  expect(performance.now() - startedAt).toBeGreaterThan(500);
  expect(running('sleep 172.25')).toEqual([]);
  expect(() => rmSync(note)).not.toThrow();
});

test('a process that an orphaned process starts while it ends is ended too', async () => {
  notAfterTest('sleep 173.25');
  startForTest(sh('trap "setsid sleep 173.25 & exit" TERM; sleep 173.5 & wait'), marked());
  await untilRunning('sleep 173.5');
  await orphans.end(ofRun);
  expect(running('sleep 173.25')).toEqual([]);
});

test('a stopped orphaned process is ended', async () => {
  const pid = startForTest(['sleep', '174.25'], marked());
  process.kill(await untilRunning('sleep 174.25'), 'SIGSTOP');
  expect(await orphans.end(ofRun)).toMatchObject([{ pid }]);
  expect(running('sleep 174.25')).toEqual([]);
});

test('a zombie is not an orphaned process', async () => {
  const { WF_PROCESS = '' } = marked();
  startForTest(['env', `MARK=${WF_PROCESS}`, ...sh('env WF_PROCESS="$MARK" true & sleep 0.1; exec sleep 175.25')]);
  await untilRunning('sleep 175.25');
  expect(await orphans.end(ofRun)).toEqual([]);
});

// Three hundred scans of a busy machine take long.
test('a process that calls exec repeatedly is found by every scan', { timeout: 120_000 }, async () => {
  const script = path.join(temporaryFolder(), 'again');
  writeFileSync(script, `#!/bin/sh\nexec ${script}\n`);
  chmodSync(script, 0o755);
  const pid = startForTest([script], marked());
  await untilRunning(`/bin/sh ${script}`);
  for (let scan = 0; scan < 300; scan += 1) {
    const { marked: found, loading } = markedProcesses(ofRun);
    expect([...found.map((orphan) => orphan.pid), ...loading]).toContain(pid);
  }
  await orphans.end(ofRun);
  expect(running(`/bin/sh ${script}`)).toEqual([]);
});

test('a process with an empty environment is ignored and not awaited', async () => {
  startForTest(['env', '-i', 'sleep', '176.25']);
  const pid = await untilRunning('sleep 176.25');
  expect(markedProcesses(() => true).loading).not.toContain(pid);
});

test('wf ends neither itself nor the shell that it was started from', async () => {
  const environment = Object.entries(marked()).map(([name, value]) => `${name}=${value}`);
  const bystander = startForTest(['sleep', '177.25'], marked());
  // The shell runs a command after wf, so it was not ended.
  const script = '"$@"; echo "the shell lives"';
  const wf = startChild('host/end-orphans', [run], ['env', ...environment, ...sh(script), 'sh']);
  expect(JSON.parse(await wf.line(1))).toMatchObject({
    code: 'E_ORPHAN_ALIVE',
    message: expect.stringContaining(`step s of run ${run}`),
    hint: expect.stringContaining('another terminal'),
  });
  expect(await wf.line(2)).toBe('the shell lives');
  expect(await wf.ended).toBe(0);
  expect(running('sleep 177.25'), 'nothing was ended').toEqual([bystander]);
});

function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'wf-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const asRoot = test.skipIf(process.getuid?.() !== 0);

asRoot('a process of another user with the mark does not belong to the run', async () => {
  notAfterTest('sleep 171.6');
  const as = ['setpriv', '--reuid', '4242', '--regid', '4242', '--clear-groups'];
  const found = process.env['PATH'] ?? '';
  // No ancestor carries the mark: the process seems to come from another session.
  const pid = startForTest(['env', '-i', ...as, 'env', `PATH=${found}`, ...environmentOf(marked()), 'sleep', '171.6']);
  await untilRunning('sleep 171.6');
  expect(await orphans.end(ofRun)).toEqual([]);
  expect(running('sleep 171.6')).toEqual([pid]);
});

asRoot('a process that a step starts as another user belongs to the run', async () => {
  notAfterTest('sleep 171.7');
  const as = 'setpriv --reuid 4242 --regid 4242 --clear-groups';
  startForTest(sh(`${as} sh -c 'trap "" TERM; sleep 171.7 & wait' & wait`), marked());
  const pid = await untilRunning('sleep 171.7');
  const ended = await orphans.end(ofRun);
  expect(ended.map((orphan) => orphan.pid)).toContain(pid);
  expect(running('sleep 171.7')).toEqual([]);
});

function environmentOf(variables: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(variables).map(([name, value]) => `${name}=${value}`);
}
