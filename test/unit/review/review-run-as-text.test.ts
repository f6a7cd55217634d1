import { expect, test } from 'vitest';
import type { Change, ChangeStatus } from '../../../src/engine/model/change.ts';
import { asStepId } from '../../../src/engine/model/ids.ts';
import type { HistoryPort } from '../../../src/engine/ports/history.ts';
import { readRunMaterial } from '../../../src/review/record/run-material.ts';
import { runRecord } from '../../../src/review/record/run-record.ts';
import type { TextStyle } from '../../../src/review/text/format/text-style.ts';
import { endOfRunLines } from '../../../src/review/text/run/end-of-run.ts';
import { ledgerWords } from '../../../src/review/text/run/ledger-text.ts';
import { proofLines } from '../../../src/review/text/run/proof-text.ts';
import { runListLines } from '../../../src/review/text/run/run-list.ts';
import { runViewLines } from '../../../src/review/text/run/run-view.ts';
import { transcriptLines } from '../../../src/review/text/run/transcript.ts';
import { verificationWords } from '../../../src/review/text/run/verification-text.ts';
import { ROLLING_BACK } from '../../fixtures/history/samples.ts';
import { openForTest } from '../../fixtures/history/temporary.ts';
import {
  BEGIN,
  decided,
  headerOf,
  leaseTaken,
  OWNER,
  PAUSED,
  recordFailure,
  recordResumed,
  recordRun,
  recordSuccess,
  runId,
  takeOver,
} from '../../fixtures/review/lab-run.ts';
import { colourTerminalOf, PIPED, terminalOf } from '../../fixtures/review/style.ts';

const NOW = BEGIN + 200_000;
function materialOf(history: HistoryPort, id: string) {
  const run = history.run(runId(id));
  if (run === undefined) throw new Error('the run is not there');
  const material = readRunMaterial(history, run);
  return { material, record: runRecord(material, () => true), evidence: history.evidence(run.id) };
}

function viewOf(store: typeof recordSuccess | typeof recordFailure, style: TextStyle) {
  const { history } = openForTest();
  store(history, 'r1');
  const { material, record } = materialOf(history, 'r1');
  return runViewLines(material, record, NOW, style);
}

test('the view of a succeeded run fits a terminal of 80 columns', () => {
  expect(viewOf(recordSuccess, terminalOf(80))).toEqual([
    'r1  lab-network  succeeded',
    '  started     2026-01-31 12:00:00 UTC (3 min ago), elapsed 6.2 s',
    '  runtime     docker',
    '  definition  ab12ab12ab12',
    '  input       devNetwork=devops  pings=3',
    '',
    'path',
    '  ✓ setup',
    '  ✓ test',
    '  ✓ teardown',
    '  ◎ done',
    '',
    'timeline',
    '  stage and step   status       time  0          6.2 s  result',
    '  setup            succeeded  100 ms  █                 1 step',
    '    createNetwork  succeeded  100 ms  █',
    '  test             succeeded   2.0 s  █████             1 step',
    '    pingControl    succeeded   2.0 s  █████',
    '  teardown         succeeded   3.9 s       ██████████',
    '',
    '1 change, all undone: 1 gone',
    '  #  target          step           status',
    '  1  network devops  createNetwork  gone',
    '',
    'host: as before (no residue; drift: none)',
    '',
    'proven',
    '  isolated  0 of 3 pings answered while both controls did',
    '  joined    3 of 3 pings answered',
  ]);
});

test('the piped view of a run that needs attention is not truncated, and lists the undo commands of changes in place', () => {
  const lines = viewOf(recordFailure, PIPED);
  expect(lines).toContain('error E_PROBE_FAILED: 0 of 3 pings from AppDev to 172.18.0.100 were answered');
  expect(lines.find((line) => line.startsWith('    pingSplice '))).toBe(
    '    pingSplice     probe.ping      failed      2.2 s    ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒░░░▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒       2 attempts; E_PROBE_FAILED: 0 of 3 pings from AppDev to 172.18.0.100 were answered',
  );
  expect(lines.slice(-7)).toEqual([
    'may still be on this host: 1 change; undo with `wf rollback r1`, or by hand in this order:',
    '  link int_hote (stuck: device is busy)',
    '    ip link set int_hote down',
    '    ip link delete int_hote',
    '',
    'host: not as before (residues: 1; drift: none)',
    '  residue: link int_hote added, by this run (recorded in the ledger)',
  ]);
});

test('no line of a table is wider than the terminal, with colour and without', () => {
  const plain = viewOf(recordFailure, terminalOf(72));
  expect(Math.max(...plain.filter((line) => line.startsWith('    ')).map((line) => line.length))).toBeLessThanOrEqual(
    72,
  );
  const coloured = viewOf(recordFailure, colourTerminalOf(72));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour sequences begin with ESC
  const withoutColour = coloured.map((line) => line.replace(/\u001b\[[0-9;]*m/g, ''));
  expect(withoutColour).toEqual(plain);
});

test('the summary of a succeeded run has its proofs, changes and verification', () => {
  const { history } = openForTest();
  recordSuccess(history, 'r1');
  const { material, record } = materialOf(history, 'r1');
  expect(endOfRunLines(material, record, PIPED)).toEqual([
    'lab-network succeeded in 6.2 s  run r1',
    '  isolated  0 of 3 pings answered while both controls did',
    '  joined    3 of 3 pings answered',
    '1 change, all undone: 1 gone',
    'host: as before (no residue; drift: none)',
    'next: wf show r1    wf logs r1',
  ]);
});

test('the summary of a failed run has the failed step, its error, the next commands and changes in place', () => {
  const { history } = openForTest();
  recordFailure(history, 'r1');
  const { material, record } = materialOf(history, 'r1');
  expect(endOfRunLines(material, record, PIPED)).toEqual([
    'lab-network needs-attention in 2.6 s  run r1',
    'failed at test / pingSplice (probe.ping), after 2 attempts',
    'error E_PROBE_FAILED: 0 of 3 pings from AppDev to 172.18.0.100 were answered',
    '  next: Check the counters of int_hote.',
    '2 changes: 1 reverted, 1 stuck',
    'host: not as before (residues: 1; drift: none)',
    '  residue: link int_hote added, by this run (recorded in the ledger)',
    'may still be on this host: 1 change; undo with `wf rollback r1`, or by hand in this order:',
    '  link int_hote (stuck: device is busy)',
    '    ip link set int_hote down',
    '    ip link delete int_hote',
    'next: wf rollback r1    wf show r1    wf logs r1',
  ]);
});

test('changes in place are listed newest first', () => {
  const { history } = openForTest();
  const run = recordRun(history, 'r1');
  for (const seq of [1, 2, 3]) {
    const change = { record: {}, kind: 'net.veth', status: 'intended', reason: null, bootId: 'b' } as const;
    const named = { seq, step: asStepId(`s${seq}`), target: `link l${seq}`, undo: [`ip link delete l${seq}`] };
    run.at(seq, { type: 'change.intended', change: { ...change, ...named } });
  }
  const { material, record } = materialOf(history, 'r1');
  const lines = endOfRunLines(material, record, PIPED);
  expect(lines).toContain('  link l3 (intended: its step has not completed: it may be there, or a part of it)');
  const commands = lines.filter((line) => line.startsWith('    ip'));
  expect(commands.map((line) => line.trim())).toEqual([3, 2, 1].map((seq) => `ip link delete l${seq}`));
});

test('the ledger and the verification have a summary of one line each', () => {
  const change = (status: ChangeStatus): Change => ({
    ...{ seq: 1, step: asStepId('s'), kind: 'k', target: 't', record: null, undo: [] },
    ...{ status, reason: null, bootId: 'b' },
  });
  const ledger = (reverted: number, gone: number, kept = 0) => [
    ...Array.from({ length: reverted }, () => change('reverted')),
    ...Array.from({ length: gone }, () => change('gone')),
    ...Array.from({ length: kept }, () => change('kept')),
  ];
  expect(ledgerWords(ledger(4, 8))).toBe('12 changes, all undone: 4 reverted, 8 gone');
  expect(ledgerWords(ledger(3, 0, 1))).toBe('4 changes: 3 reverted, 1 kept by design');
  expect(ledgerWords([])).toBe('no changes');
  const drift = {
    subject: 'link x',
    difference: 'added',
    before: null,
    after: 'y',
    owner: 'other',
    reason: 'r',
  } as const;
  expect(verificationWords({ restored: true, residues: [], unexplained: [], drift: [drift], notCompared: [] })).toBe(
    'as before (no residue; drift: 1)',
  );
  expect(verificationWords({ restored: false, residues: [], unexplained: [], drift: [], notCompared: [] })).toBe(
    'not as before (changes still in place; no residue; drift: none)',
  );
  expect(verificationWords(null)).toBe('not compared');
});

test('the transcript reads like a terminal session and cannot steer the terminal', () => {
  const { history } = openForTest();
  recordSuccess(history, 'r1');
  const { material, evidence } = materialOf(history, 'r1');
  expect(transcriptLines(material.steps, evidence, terminalOf(20))).toEqual([
    '=== setup ===',
    '',
    '--- createNetwork (docker.network) ---',
    '$ docker network create devops',
    '3f2a9c01d4e5',
    '[exit 0, 12 ms]',
    '',
    '=== test ===',
    '',
    '--- pingControl (probe.ping) ---',
    "$ ping -c 3 'my host'",
    '3 packets',
    'red',
    '[exit 1, 2.0 s]',
  ]);
});

test('the list of runs is newest first, with the number of changes in place, and as much of the error as fits', () => {
  const { history } = openForTest();
  recordSuccess(history, 'r1', { createdAt: headerOf('r1').createdAt - 3_600_000 });
  recordFailure(history, 'r2');
  const runs = history.runs({ limit: 10 });
  expect(runListLines(runs, () => true, NOW, terminalOf(80))).toEqual([
    'id  workflow     status           started     time  on host  remarks',
    'r2  lab-network  needs-attention  3 min ago  2.6 s        1  E_PROBE_FAILED: 0…',
    'r1  lab-network  succeeded        1 h ago    6.2 s        0',
  ]);
});

test('the figures of a proof wrap and are not truncated', () => {
  const proofs = [
    { claim: 'isolated', figures: '0 of 3 pings answered while both controls did' },
    { claim: 'joined', figures: '3 of 3 pings answered' },
  ];
  expect(proofLines({ type: 'reported', proofs }, terminalOf(40))).toEqual([
    '  isolated  0 of 3 pings answered while',
    '            both controls did',
    '  joined    3 of 3 pings answered',
  ]);
  expect(proofLines({ type: 'unavailable', reason: 'the file is gone' }, PIPED)).toEqual([
    '  not available: the file is gone',
  ]);
});

test('the lifecycle of a run lists pauses, resumes and dead processes', () => {
  const { history } = openForTest();
  recordResumed(history, 'r1');
  const { material, record } = materialOf(history, 'r1');
  const lines = runViewLines(material, record, NOW, PIPED);
  const begin = lines.indexOf('lifecycle');
  expect(lines.slice(begin + 1, lines.indexOf('', begin))).toEqual([
    '  2026-01-31 12:00:00 UTC  started by process 4711',
    '  2026-01-31 12:00:00 UTC  paused after setup',
    '  2026-01-31 12:01:00 UTC  resumed by process 4712 after 1 min 0 s',
    '  2026-01-31 12:01:00 UTC  interrupted: process 4712 was gone',
    '  2026-01-31 12:04:00 UTC  resumed by process 4713 after 3 min 0 s',
  ]);
  expect(lines).toContain(
    '    pingControl    probe.ping      succeeded   2.1 s    ┊▒ █████████████████████████████████    2 attempts; attempt 1 interrupted; received=3',
  );
  expect(record.stages.map(({ durationMs }) => durationMs)).toEqual([100, 2_200, null]);
});

test('the view of an interrupted run states the interruption, and whether the machine was restarted since', () => {
  const { history } = openForTest();
  const run = recordRun(history, 'r1');
  run.at(0, leaseTaken('start'), decided(['setup'], ['createNetwork']));
  const [run1, stored] = [runId('r1'), history.run(runId('r1'))];
  if (stored === undefined) throw new Error('the run is not there');
  const material = readRunMaterial(history, stored);
  const cut = runViewLines(
    material,
    runRecord(material, () => false),
    NOW,
    PIPED,
  );
  expect(cut).toContain('  2026-01-31 12:00:00 UTC  interrupted: process 4711 was gone');
  expect(cut.find((line) => line.includes('createNetwork'))).toMatch(/interrupted .*attempt 1 interrupted$/);

  const lease = takeOver(history, run.lease);
  const owner = { ...OWNER, bootId: 'another', pid: 12 };
  history.append(lease, { events: [leaseTaken('rollback', owner)] }, BEGIN + 5_000);
  const events = [{ type: 'step.stopped', step: asStepId('createNetwork'), attempt: 1 }, ROLLING_BACK] as const;
  history.append(lease, { events }, BEGIN + 5_000);
  const { material: later, record } = materialOf(history, run1);
  const lines = runViewLines(later, record, NOW, PIPED);
  expect(lines).toContain('  2026-01-31 12:00:00 UTC  interrupted: process 4711 was gone, the machine was restarted');
  expect(lines).toContain('  2026-01-31 12:00:05 UTC  taken over by process 12 for a rollback after 5.0 s');
  expect(lines.find((line) => line.includes('createNetwork'))).toMatch(/stopped .*attempt 1 interrupted$/);
});

test('the view of a paused run shows the next step as pending', () => {
  const { history } = openForTest();
  const run = recordRun(history, 'r1');
  run.at(0, leaseTaken('start'), decided(['setup'], ['createNetwork']), PAUSED);
  const { material, record } = materialOf(history, 'r1');
  const lines = runViewLines(material, record, NOW, PIPED);
  expect(lines).toContain('    createNetwork  docker.network  pending     -');
  expect(lines).toContain('  2026-01-31 12:00:00 UTC  paused after setup');
});
