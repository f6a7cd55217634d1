import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { asStepId } from '../../../src/engine/model/ids.ts';
import type { JournalEvent } from '../../../src/engine/model/journal-event.ts';
import { systemClock } from '../../../src/host/machine/clock.ts';
import { createMetrics } from '../../../src/metrics/create-metrics.ts';
import { AT, DEFINITION, decidedToStart, ENDED, headerOf, intended, OWNER } from '../../fixtures/history/samples.ts';
import { openForTest } from '../../fixtures/history/temporary.ts';
import { REPOSITORY } from '../../support/command/doc-page.ts';
import { parsePrometheus } from '../../support/prometheus-text.ts';

const step = asStepId('a');
const error = { code: 'E_DOCKER', message: 'no answer', hint: 'wait' } as const;
const by = { user: 'ann', sudoUser: null, host: 'here' };

/** Events after which each metric has a sample. */
const EVERYTHING: readonly JournalEvent[] = [
  { type: 'lease.taken', purpose: 'start', owner: OWNER, pauseAfter: null },
  decidedToStart('a'),
  { type: 'requested', by, demand: { kind: 'pause' }, comment: null },
  { type: 'answered', request: 3, outcome: { type: 'handled' } },
  intended(1, 'a'),
  { type: 'change.settled', seq: 1, status: 'reverted', reason: null },
  { type: 'step.retrying', step, attempt: 1, error, retryAt: AT },
  { type: 'step.attempted', step, attempt: 2 },
  { type: 'step.succeeded', step, attempt: 2, output: null },
  ENDED,
];

test('docs/reference/metrics.md has a row for every metric with its type, labels and meaning, and no other', async () => {
  const { history } = openForTest();
  const metrics = createMetrics({ history, clock: systemClock, isAlive: () => true });
  onTestFinished(() => metrics.close());
  history.append(history.create(headerOf('all'), DEFINITION, OWNER, [], AT), { events: EVERYTHING }, AT);
  const served = [...parsePrometheus(await metrics.text()).values()].map(({ name, type, help, samples }) => {
    expect([name, samples.length]).not.toEqual([name, 0]);
    const labels = new Set(samples.flatMap((sample) => Object.keys(sample.labels).filter((label) => label !== 'le')));
    return [name, type, [...labels].map((label) => `\`${label}\``).join(', '), help];
  });
  const page = readFileSync(path.join(REPOSITORY, 'docs/reference/metrics.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(wf_\w+)` \| (\w+) \|(?: (.+))? \| (.+) \|$/gm)];
  expect(rows.map(([, name, type, labels = '', help]) => [name, type, labels, help])).toEqual(served);
});
