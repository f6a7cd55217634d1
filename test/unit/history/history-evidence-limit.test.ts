import { expect, test } from 'vitest';
import { asStepId } from '../../../src/engine/model/ids.ts';
import type { StoredEvidence } from '../../../src/engine/ports/history.ts';
import { AT, DEFINITION, decidedToStart, headerOf, OWNER } from '../../fixtures/history/samples.ts';
import { openForTest, openRaw } from '../../fixtures/history/temporary.ts';

const seen = (step: string, output: string): StoredEvidence => ({
  step: asStepId(step),
  attempt: 1,
  command: 'ip -json link show',
  output,
  exitCode: 0,
  startedAt: AT,
  durationMs: 1,
});

const LINE = '2: eth0@if5: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default\n';

test('long outputs are stored compressed and read back unchanged', () => {
  const { history, path } = openForTest();
  const lease = history.create(headerOf('compressed'), DEFINITION, OWNER, [], AT);
  const pieces = ['', 'short', LINE.repeat(150), `${LINE.repeat(10)}é\u0000\u{1F600}`].map((output) =>
    seen('a', output),
  );
  history.append(lease, { events: [decidedToStart('a')], evidence: pieces }, AT);
  expect(history.evidence(lease.run)).toEqual(pieces);
  const bytes = openRaw(path).prepare('SELECT sum(octet_length(output)) FROM evidence').pluck();
  expect(Number(bytes.get())).toBeLessThan((LINE.length * 160) / 4);
});

test('the evidence of a step is limited, with one notice; other steps keep theirs', () => {
  const { history } = openForTest();
  const lease = history.create(headerOf('polls'), DEFINITION, OWNER, [], AT);
  history.append(lease, { events: [decidedToStart('a', 'b')] }, AT);
  for (let turn = 0; turn < 100; turn++) {
    history.append(lease, { events: [], evidence: [seen('a', LINE.repeat(170)), seen('b', `${turn}`)] }, AT + turn);
  }
  const ofStep = (step: string) => history.evidence(lease.run, asStepId(step)).map(({ output }) => output);
  const kept = ofStep('a');
  expect(kept.join('').length).toBeLessThan(1024 * 1024);
  expect(kept.length).toBeGreaterThan(60);
  expect(kept.filter((output) => output.startsWith('[omitted'))).toEqual([kept.at(-1)]);
  expect(ofStep('b')).toHaveLength(100);
});

test('dropped evidence takes no ordinal, so that a reader continues where it was', () => {
  const { history } = openForTest();
  const lease = history.create(headerOf('order'), DEFINITION, OWNER, [], AT);
  history.append(lease, { events: [decidedToStart('a', 'b')] }, AT);
  const loud = seen('a', 'x'.repeat(600 * 1024));
  history.append(lease, { events: [], evidence: [loud, loud, loud, loud] }, AT);
  const before = history.evidence(lease.run).length;
  history.append(lease, { events: [], evidence: [seen('b', 'new')] }, AT);
  expect(history.evidence(lease.run, undefined, before)).toEqual([seen('b', 'new')]);
});
