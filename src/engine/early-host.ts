import type { EngineParts } from './engine.ts';
import type { HeldClaims } from './ports/claims.ts';
import type { RunHost, RunIdentity, RuntimeName } from './ports/runtime.ts';

/** The host of a run that is about to be started, begun with while it is not known yet whether the run can be. */
export interface EarlyHost {
  readonly run: RunIdentity;
  /** The run is held all the time: else its host could be taken for one that was left over. */
  readonly held: HeldClaims;
  /** @throws WfError as Runtime.open does */
  readonly host: Promise<RunHost>;
  /** Lets go of both: a host that no run was begun on ends. */
  close(): Promise<void>;
}

/** Comes when the host has begun to start. @param hold holds the run */
export async function openEarly(
  { runtimes }: EngineParts,
  run: RunIdentity,
  runtime: RuntimeName,
  hold: () => Promise<HeldClaims>,
): Promise<EarlyHost> {
  const held = await hold();
  const host = runtimes[runtime].open(run, null);
  // What keeps it from starting is told to whoever starts the run.
  host.catch(() => undefined);
  return {
    run,
    held,
    host,
    async close() {
      await host.then(
        (opened) => opened.close(),
        () => undefined,
      );
      held.release();
    },
  };
}
