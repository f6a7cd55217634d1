import type { RunJournal } from '../journal/run-journal.ts';
import type { JournalEntry, JournalEvent } from '../model/journal-event.ts';
import { hasPrivateEngine, type NamedHosts } from '../model/named-host.ts';
import type { HistoryPort, StoredRun } from '../ports/history.ts';
import type { PrivateHostIdentity, RunHost } from '../ports/runtime.ts';
import type { EngineDependencies } from '../run/engine.ts';

/** Returns the private host that a run made last, by its journal; null if it made none. */
export function recordedHostIn(entries: readonly JournalEntry[]): PrivateHostIdentity | null {
  const made = entries.findLast(({ event }) => event.type === 'host.made')?.event;
  return made?.type === 'host.made' ? { process: made.process, user: made.user } : null;
}

/** Whether a run has a private host: as its own host, or for the engines of its named hosts. */
function hasPrivateHost({ runtime, options }: Pick<StoredRun, 'runtime' | 'options'>): boolean {
  return runtime === 'embedded' || Object.values(options.hosts ?? {}).some(hasPrivateEngine);
}

/** Returns the same for a run of the history. Reads no journal if the run has no private host. */
export function recordedHost(
  history: Pick<HistoryPort, 'journal'>,
  run: Pick<StoredRun, 'id' | 'runtime' | 'options'>,
): PrivateHostIdentity | null {
  return hasPrivateHost(run) ? recordedHostIn(history.journal(run.id)) : null;
}

/** Opens the host of a run of the history, with its named hosts. @throws WfError as Runtime.open and RunHost.provide do */
export async function openHostOf(
  { runtimes, history }: Pick<EngineDependencies, 'runtimes' | 'history'>,
  run: StoredRun,
): Promise<RunHost> {
  const host = await runtimes[run.runtime].open(run, recordedHost(history, run));
  return provided(host, run.options.hosts ?? {});
}

/** Opens the named hosts of a run, or closes its host. */
export async function provided(host: RunHost, hosts: NamedHosts): Promise<RunHost> {
  try {
    await host.provide(hosts);
    return host;
  } catch (thrown) {
    host.close();
    throw thrown;
  }
}

/** Journals a host, then keeps it beyond the end of this process. Returns the events that were journaled. */
export async function keepHost(
  host: RunHost,
  journal: RunJournal,
  before: readonly JournalEvent[] = [],
): Promise<readonly JournalEvent[]> {
  const made = host.identity();
  const events: readonly JournalEvent[] = made === null ? [] : [...before, { type: 'host.made', ...made }];
  if (events.length > 0) await journal.append(events);
  await host.keep();
  return events;
}
