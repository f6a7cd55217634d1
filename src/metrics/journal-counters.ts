import { Counter, Histogram, type Registry } from 'prom-client';
import type { CountedEntry } from '../history/journal-tail.ts';
import { boundedLabel } from './bounded-label.ts';

const MOST_KINDS = 50;
const MOST_WORKFLOWS = 100;

/** In seconds: a step computes, runs a command, or waits for a host. */
const STEP_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1_800];

/** Creates the counters of journal entries, and returns the function that counts an entry. */
export function createJournalCounters(registry: Registry): (entry: CountedEntry) => void {
  const registers = [registry];
  const runsEnded = new Counter({
    name: 'wf_runs_ended_total',
    help: 'Runs that have ended; a run that is rolled back or retried after its end counts again',
    labelNames: ['workflow', 'status'],
    registers,
  });
  const steps = new Counter({
    name: 'wf_steps_total',
    help: 'Steps that have ended: succeeded, failed, or stopped because the machine left their state',
    labelNames: ['kind', 'outcome'],
    registers,
  });
  const retries = new Counter({
    name: 'wf_step_retries_total',
    help: 'Failed attempts at steps that another attempt follows',
    labelNames: ['kind'],
    registers,
  });
  const durations = new Histogram({
    name: 'wf_step_duration_seconds',
    help: 'Duration of the last attempt at each step that succeeded or failed',
    labelNames: ['kind'],
    buckets: STEP_BUCKETS,
    registers,
  });
  const changesSettled = new Counter({
    name: 'wf_changes_settled_total',
    help: 'Changes that have reached a final status: reverted, gone, stuck or kept',
    labelNames: ['kind', 'status'],
    registers,
  });
  const requests = new Counter({
    name: 'wf_requests_total',
    help: 'Answered requests to runs',
    labelNames: ['kind', 'outcome'],
    registers,
  });
  const takeovers = new Counter({
    name: 'wf_lease_takeovers_total',
    help: 'Runs taken over from a dead process',
    registers,
  });
  const kindOf = boundedLabel(MOST_KINDS);
  const workflowOf = boundedLabel(MOST_WORKFLOWS);

  return (entry) => {
    switch (entry.type) {
      case 'lease.taken':
        takeovers.inc();
        return;
      case 'step.retrying':
        retries.inc({ kind: kindOf(entry.kind) });
        return;
      case 'step.stopped':
        steps.inc({ kind: kindOf(entry.kind), outcome: 'stopped' });
        return;
      case 'step.succeeded':
      case 'step.failed': {
        const kind = kindOf(entry.kind);
        steps.inc({ kind, outcome: entry.type === 'step.failed' ? 'failed' : 'succeeded' });
        durations.observe({ kind }, entry.durationMs / 1_000);
        return;
      }
      case 'change.settled':
        changesSettled.inc({ kind: kindOf(entry.kind), status: entry.status });
        return;
      case 'answered':
        requests.inc({ kind: entry.kind, outcome: entry.status });
        return;
      case 'ended':
        runsEnded.inc({ workflow: workflowOf(entry.workflow), status: entry.status });
        return;
    }
  };
}
