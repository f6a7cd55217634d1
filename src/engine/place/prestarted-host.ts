import type { NamedHosts } from '../model/named-host.ts';
import type { AcquiredClaims } from '../ports/claims.ts';
import type { RunHost, RunIdentity, RuntimeName } from '../ports/runtime.ts';
import type { EngineDependencies } from '../run/engine.ts';

/** The host of a run, started before wf knows whether the run itself can start. */
export interface PrestartedHost {
  readonly run: RunIdentity;
  /** The claim on the run: without it, another wf would take the host for an orphaned one. */
  readonly claims: AcquiredClaims;
  /** @throws WfError as Runtime.open and RunHost.provide do */
  opened(): Promise<RunHost>;
  /** Begins to make the named hosts. */
  provide(hosts: NamedHosts): void;
  /** Releases the claim and closes the host, which ends if no run has begun on it. */
  close(): Promise<void>;
}

/** Starts a host, and resolves when it has begun to start. @param claim claims the run */
export async function prestartHost(
  { runtimes }: EngineDependencies,
  run: RunIdentity,
  runtime: RuntimeName,
  claim: () => Promise<AcquiredClaims>,
): Promise<PrestartedHost> {
  const claims = await claim();
  const started = runtimes[runtime].open(run, null);
  // The start of the run reports the error.
  started.catch(() => undefined);
  let host = started;
  return {
    run,
    claims,
    opened: () => host,
    provide(hosts) {
      host = started.then(async (opened) => {
        await opened.provide(hosts);
        return opened;
      });
      host.catch(() => undefined);
    },
    async close() {
      await started.then(
        (opened) => opened.close(),
        () => undefined,
      );
      claims.release();
    },
  };
}
