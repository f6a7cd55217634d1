import { openRunJournal, type RunJournal } from '../journal/run-journal.ts';
import { createRunLedger, type RunLedger } from '../journal/run-ledger.ts';
import type { Owner } from '../model/identity/owner.ts';
import type { JournalEntry } from '../model/journal-event.ts';
import { notifyingObserver } from '../notify/notifying-observer.ts';
import type { HostWatch } from '../place/attempt-host.ts';
import type { Argv } from '../ports/command.ts';
import type { Lease } from '../ports/history.ts';
import type { RunPlace } from '../ports/place.ts';
import type { RunHost } from '../ports/runtime.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { AlteredFacets } from '../workflow/facets.ts';
import type { StepRunner } from '../workflow/step.ts';
import type { EngineDependencies, RunObserver } from './engine.ts';
import { followRun } from './follow-run.ts';

/** A run whose lease this process holds, ready to be advanced or undone. */
export interface OpenRun {
  readonly lease: Lease;
  readonly host: RunHost;
  readonly watch: HostWatch;
  readonly journal: RunJournal;
  readonly ledger: RunLedger;
  readonly secrets: Secrets;
  readonly observer: RunObserver;
  /** Reports that this process has released the run. */
  released(): void;
}

interface OpenRunRequest {
  readonly lease: Lease;
  readonly host: RunHost;
  /** Returns the step runner that undoes changes of this kind. */
  runner(kind: string): StepRunner | undefined;
  /** The facets of the host that the steps can alter. */
  readonly alters: AlteredFacets;
  readonly secrets: Secrets;
  readonly observer: RunObserver;
  /** Resolves once this process has claimed the run. */
  claimed(): Promise<void>;
  /** The place where the run was started. */
  readonly place: RunPlace | undefined;
  /** See `RunOptions.notify`. */
  readonly notify: Argv | null | undefined;
  /** The journal so far. */
  readonly entries?: readonly JournalEntry[];
  /** The process that held the lease before; null if none did. */
  readonly holder?: Owner | null;
}

/** Opens the journal and the ledger of a run. */
export function openRun(
  dependencies: EngineDependencies,
  {
    lease,
    host,
    runner: runnerOfWorkflow,
    alters,
    secrets,
    claimed,
    place,
    entries = [],
    holder = null,
    ...request
  }: OpenRunRequest,
): OpenRun {
  const { history, clock, owner, crashPoints, guards, notifier } = dependencies;
  const { run } = lease;
  const { observer: following, released } = followRun(dependencies, { run, entries }, holder, request.observer);
  const observer = notifyingObserver(notifier, { run, argv: request.notify, entries, secrets }, following);
  const journal = openRunJournal({ history, lease, clock, crashPoints, observer, secrets }, entries);
  const watch: HostWatch = {
    host: host.ports,
    named: (name) => host.named(name),
    history,
    lease,
    claimed,
    crashPoints,
    place,
    secrets,
    noteTrouble: (error) => journal.noteTrouble(error),
  };
  const { fingerprints } = host;
  const runner = (kind: string) => (kind === guards.runner.kind ? guards.runner : runnerOfWorkflow(kind));
  const ledger = createRunLedger({ run, history, watch, fingerprints, alters, owner, journal, runner, secrets });
  return { lease, host, watch, journal, ledger, secrets, observer, released };
}
