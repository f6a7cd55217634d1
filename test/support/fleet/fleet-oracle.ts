import { afterEach, expect } from 'vitest';
import { openHistoryForReading } from '../../../src/history/open.ts';
import type { TestHost } from './fleet-world.ts';

const IN_PLACE: readonly string[] = ['intended', 'applied', 'stuck'];

/** Returns a function that adds a host to those which the oracle checks after the test. */
export function watchHosts(): (host: TestHost) => TestHost {
  const hosts: TestHost[] = [];
  afterEach(() => expectDoneOnce(hosts.splice(0)));
  return (host) => {
    hosts.push(host);
    return host;
  };
}

/** The oracle of all faults: no host carried out a step twice, and each host has exactly the folders that its parts left. */
function expectDoneOnce(hosts: readonly TestHost[]): void {
  for (const host of hosts) {
    const log = host.log();
    const made = log.filter((line) => !line.startsWith('not '));
    expect(made).toEqual([...new Set(made)]);
    expect(host.folders()).toEqual(made.filter((line) => !log.includes(`not ${line}`)));
    expectJournaledOnce(host);
  }
}

/** The same from the database of the host. */
function expectJournaledOnce({ project }: TestHost): void {
  const history = openHistoryForReading(project.database);
  if (history === undefined) return;
  try {
    for (const { id, status } of history.runs({ limit: 1_000 })) {
      const done = history.journal(id).flatMap(({ event }) => (event.type === 'step.succeeded' ? [event.step] : []));
      expect(done, id).toEqual([...new Set(done)]);
      if (status !== 'rolled-back') continue;
      expect(history.changes(id).filter((change) => IN_PLACE.includes(change.status))).toEqual([]);
    }
  } finally {
    history.close();
  }
}
