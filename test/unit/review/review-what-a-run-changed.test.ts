import { expect, test } from 'vitest';
import type { Fingerprint } from '../../../src/engine/ports/fingerprint.ts';
import type { HistoryPort } from '../../../src/engine/ports/history.ts';
import { runChanges } from '../../../src/review/changes/run-changes.ts';
import { readRunMaterial } from '../../../src/review/record/run-material.ts';
import { runChangesLines } from '../../../src/review/text/run/run-changes-text.ts';
import { timelineOf } from '../../../src/review/timeline/timeline.ts';
import { openForTest } from '../../fixtures/history/temporary.ts';
import { BEGIN, CLEAN, intended, recordRun, runId, settled } from '../../fixtures/review/lab-run.ts';
import { PIPED } from '../../fixtures/review/style.ts';

function fingerprintOf(links: readonly string[]): Fingerprint {
  const entries = Object.fromEntries(links.map((name) => [`link ${name}`, { name }]));
  const sections = {
    links: { state: 'read', entries },
    nftables: { state: 'unreadable: nft is not installed', entries: {} },
  };
  return { version: 1, leftOut: ['docker images'], sections };
}

/** Records two networks that are in place at one time, and one that is intended but never observed. */
function recordChanges(history: HistoryPort): void {
  const run = recordRun(history, 'r1');
  const applied = (seq: number, target: string, id: string) =>
    ({ type: 'change.applied', seq, record: { name: target, id }, target, undo: [] }) as const;
  run.at(0, { type: 'baseline.taken', fingerprint: history.putFingerprint(fingerprintOf(['lo'])) });
  run.at(100, intended(1, 'one', 'network devops', []), applied(1, 'network devops', 'a'.repeat(64)));
  run.at(200, intended(2, 'two', 'network prod', []), applied(2, 'network prod', 'b'.repeat(64)));
  run.at(300, intended(3, 'three', 'network x', []), settled(2, 'reverted'));
  run.at(400, settled(1, 'gone', 'it is gone'), settled(3, 'gone', 'it never was'));
  const after = history.putFingerprint(fingerprintOf(['lo', 'eth7']));
  run.at(500, { type: 'verified', fingerprint: after, verification: CLEAN });
  run.at(600, { type: 'ended', status: 'succeeded', output: null });
}

function changesOfRun() {
  const { history } = openForTest();
  recordChanges(history);
  const run = history.run(runId('r1'));
  if (run === undefined) throw new Error('the run is not there');
  const material = readRunMaterial(history, run);
  const { offsetAt } = timelineOf(material.journal, 'succeeded', BEGIN);
  const document = runChanges(material, 'succeeded', history);
  const lines = runChangesLines(document, material, (moment) => offsetAt(Date.parse(moment)), PIPED);
  return { document, lines };
}

test('the changes of a run are listed with the time of most changes in place, and the compared fingerprints', () => {
  expect(changesOfRun().lines).toEqual([
    'r1  lab-network  succeeded',
    '',
    '    changed on the host  identity         status           in place  step',
    '  network',
    '    + network devops     id=aaaaaaaaaaaa  gone      100 ms - 400 ms  one',
    '    + network prod       id=bbbbbbbbbbbb  reverted  200 ms - 300 ms  two',
    '    + network x                           gone         not observed  three',
    '',
    '  most at once, 200 ms into the run: 2 changes in place',
    '',
    '3 changes, all undone: 1 reverted, 2 gone',
    '',
    'compared',
    expect.stringMatching(/^ {2}before {2}fingerprint [0-9a-f]{12}, 0 ms into the run$/),
    expect.stringMatching(/^ {2}after {3}fingerprint [0-9a-f]{12}, 500 ms into the run: different$/),
    '  links 1 -> 2  nftables 0',
    '  not compared: nftables (unreadable: nft is not installed)',
    '  in no fingerprint: docker images',
    '',
    'host: as before (no residue; drift: none)',
  ]);
});

test('the changes of a run are returned as a document', () => {
  expect(changesOfRun().document).toMatchObject({
    run: 'r1',
    workflow: 'lab-network',
    status: 'succeeded',
    changed: [
      {
        seq: 1,
        object: 'network',
        change: 'made',
        identity: { id: 'a'.repeat(64) },
        appliedAt: '2026-01-31T12:00:00.100Z',
        settledAt: '2026-01-31T12:00:00.400Z',
        status: 'gone',
        reason: 'it is gone',
      },
      { seq: 2, status: 'reverted' },
      { seq: 3, appliedAt: null, status: 'gone', reason: 'it never was' },
    ],
    fullest: { at: '2026-01-31T12:00:00.200Z', count: 2 },
    compared: {
      before: { at: '2026-01-31T12:00:00.000Z' },
      equal: false,
      sections: [
        { name: 'links', before: 'read', after: 'read', entriesBefore: 1, entriesAfter: 2 },
        { name: 'nftables', entriesBefore: 0, entriesAfter: 0 },
      ],
      leftOut: ['docker images'],
    },
    verification: CLEAN,
  });
});

test('a run without changes is reported as such, with nothing compared', () => {
  const { history } = openForTest();
  recordRun(history, 'r1').at(0, { type: 'ended', status: 'succeeded', output: null });
  const run = history.run(runId('r1'));
  if (run === undefined) throw new Error('the run is not there');
  const material = readRunMaterial(history, run);
  const document = runChanges(material, 'succeeded', history);
  expect(document).toMatchObject({ changed: [], fullest: null, compared: { before: null, after: null, equal: null } });
  expect(runChangesLines(document, material, () => 0, PIPED)).toEqual([
    'r1  lab-network  succeeded',
    '  changed nothing on the host',
    '',
    'no changes',
    '',
    'host: not compared',
  ]);
});
