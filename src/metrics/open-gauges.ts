import { Gauge, type Registry } from 'prom-client';
import type { RunStatus } from '../engine/ports/history.ts';
import { OPEN_STATUSES, type OpenCounts } from '../history/open-counts.ts';
import { aliveOnce } from '../review/record/alive-once.ts';
import { type IsAlive, runStatus } from '../review/record/run-status.ts';

const STATUSES: readonly RunStatus[] = [...OPEN_STATUSES, 'interrupted'];

/** Creates the gauges of open runs, changes and requests, and returns the function that reads them from the history at the moment `now`. */
export function createOpenGauges(registry: Registry, history: OpenCounts, isAlive: IsAlive): (now: number) => void {
  const registers = [registry];
  const runs = new Gauge({
    name: 'wf_runs',
    help: 'Runs of this machine that have not ended or need attention, by status',
    labelNames: ['status'],
    registers,
  });
  const changesInPlace = new Gauge({
    name: 'wf_changes_in_place',
    help: 'Changes of wf that are in place on this host, including those that are kept',
    registers,
  });
  const requestsOpen = new Gauge({ name: 'wf_requests_open', help: 'Requests without an answer', registers });
  const oldestRequest = new Gauge({
    name: 'wf_requests_oldest_open_age_seconds',
    help: 'Age of the oldest request without an answer; 0 if there is none',
    registers,
  });

  return (now) => {
    const isAliveNow = aliveOnce(isAlive);
    const counts = new Map(STATUSES.map((status) => [status, 0]));
    for (const { count, ...run } of history.countOpenRuns()) {
      const status = runStatus(run, isAliveNow);
      counts.set(status, (counts.get(status) ?? 0) + count);
    }
    for (const [status, count] of counts) runs.set({ status }, count);
    changesInPlace.set(history.countChangesInPlace());
    const { count, oldestAt } = history.countOpenRequests();
    requestsOpen.set(count);
    oldestRequest.set(oldestAt === null ? 0 : Math.max(0, now - oldestAt) / 1_000);
  };
}
