import { type GivenHost, isGivenHost } from '../engine/model/named-host.ts';
import { type HistoryPort, isEnd } from '../engine/ports/history.ts';
import type { HostPorts } from '../engine/workflow/step.ts';
import { openGivenHost } from '../runtime/given-host.ts';

/** A host to sweep. */
export interface SweptHost {
  /** Name that a run gave it; null for the machine itself. */
  readonly name: string | null;
  readonly ports: HostPorts;
  /** Whether its links are its own, and not those of the machine. */
  readonly hasOwnLinks: boolean;
  /** Whether a run may still have changes on it: one that cannot be read is then reported. */
  readonly isInUse: boolean;
}

/** Number of runs whose hosts are swept, beside those that have not ended. */
const LATEST_RUNS = 200;

/** Returns the machine, and each engine that a run of the history has named. */
export function sweptHosts(
  history: Pick<HistoryPort, 'runs' | 'unfinishedRuns'> | undefined,
  machine: HostPorts,
): readonly SweptHost[] {
  const runs = history === undefined ? [] : [...history.unfinishedRuns(), ...history.runs({ limit: LATEST_RUNS })];
  const given = new Map<string, { readonly name: string; readonly host: GivenHost; readonly isInUse: boolean }>();
  for (const { options, status, changesInPlace, importedFrom } of runs) {
    if (importedFrom !== null) continue;
    const isInUse = !isEnd(status) || changesInPlace > 0;
    for (const [name, host] of Object.entries(options.hosts ?? {})) {
      if (!isGivenHost(host)) continue;
      // The machine may have been restarted, or the namespace recreated, since a run opened it.
      const { opened: _opened, ...now } = host;
      const key = `${host.engine} ${host.namespace}`;
      given.set(key, { name, host: now, isInUse: isInUse || (given.get(key)?.isInUse ?? false) });
    }
  }
  const named = [...given.values()].map(({ name, host, isInUse }): SweptHost => {
    const { ports, sharesNetwork } = openGivenHost(host, machine);
    return { name, ports, hasOwnLinks: !sharesNetwork, isInUse };
  });
  return [onMachine(machine), ...named];
}

/** Returns the machine itself as a host to sweep. */
export function onMachine(ports: HostPorts): SweptHost {
  return { name: null, ports, hasOwnLinks: true, isInUse: true };
}
