import type { EngineParts, RunObserver } from './engine.ts';
import type { JournalEntry } from './journal-event.ts';
import type { Lease } from './ports/history.ts';
import { openRunJournal, type RunJournal } from './run-journal.ts';
import { createRunLedger, type RunLedger } from './run-ledger.ts';
import type { StepRunner } from './step.ts';

/** The journal and the ledger of a run whose lease is held; `earlier` is what its journal holds already. */
export function openRun(
  parts: EngineParts,
  lease: Lease,
  runner: (kind: string) => StepRunner | undefined,
  observer: RunObserver,
  earlier: readonly JournalEntry[] = [],
): { readonly journal: RunJournal; readonly ledger: RunLedger } {
  const { history, host, fingerprints, clock, owner } = parts;
  const journal = openRunJournal(history, lease, clock, observer, earlier);
  const { bootId } = owner;
  return { journal, ledger: createRunLedger({ run: lease.run, history, host, fingerprints, bootId, journal, runner }) };
}
