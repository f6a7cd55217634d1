import { openRunJournal, type RunJournal } from '../journal/run-journal.ts';
import { createRunLedger, type RunLedger } from '../journal/run-ledger.ts';
import type { JournalEntry } from '../model/journal-event.ts';
import type { HostWatch } from '../place/attempt-host.ts';
import type { Lease } from '../ports/history.ts';
import type { RunPlace } from '../ports/place.ts';
import type { RunHost } from '../ports/runtime.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { AlteredFacets } from '../workflow/facets.ts';
import type { StepRunner } from '../workflow/step.ts';
import type { EngineDependencies, RunObserver } from './engine.ts';

/** A run whose lease is held, ready to be advanced or undone. */
export interface OpenRun {
  readonly lease: Lease;
  readonly host: RunHost;
  readonly watch: HostWatch;
  readonly journal: RunJournal;
  readonly ledger: RunLedger;
  readonly secrets: Secrets;
}

/**
 * `runner` answers the step runners that undo; `alters` is what steps of it can alter; `held` comes when this process holds the run;
 * `place` is where it was started; `earlier` is what the journal holds already.
 */
export function openRun(
  parts: EngineDependencies,
  lease: Lease,
  host: RunHost,
  runner: (kind: string) => StepRunner | undefined,
  alters: AlteredFacets,
  observer: RunObserver,
  secrets: Secrets,
  held: () => Promise<void>,
  place: RunPlace | undefined,
  earlier: readonly JournalEntry[] = [],
): OpenRun {
  const { history, clock, owner, crashPoints } = parts;
  const { ports, fingerprints } = host;
  const journal = openRunJournal({ history, lease, clock, crashPoints, observer, secrets }, earlier);
  const noteTrouble = (error: unknown) => journal.noteTrouble(error);
  const watch: HostWatch = { host: ports, history, lease, held, crashPoints, place, secrets, noteTrouble };
  const ledger = createRunLedger({
    run: lease.run,
    history,
    watch,
    fingerprints,
    alters,
    owner,
    journal,
    runner,
    secrets,
  });
  return { lease, host, watch, journal, ledger, secrets };
}
