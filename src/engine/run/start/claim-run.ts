import { asWfError, WfError } from '../../model/errors.ts';
import type { RunId } from '../../model/ids.ts';
import { requireUnused } from '../../plan/require-as-planned.ts';
import type { SavedPlan } from '../../plan/saved-plan.ts';
import type { AcquiredClaims } from '../../ports/claims.ts';
import { pause } from '../../ports/clock.ts';
import type { EngineDependencies, StartRequest } from '../engine.ts';

/**
 * Whether a run is claimed at its start: its id was given, so another run may have it; it may have a private host; or it changes a host.
 * Any other run is claimed when a step first uses the host: one that only waits or computes takes no lock.
 */
export function isClaimedAtStart({ prestarted, id, runtime, workflow }: StartRequest): boolean {
  return (
    prestarted !== undefined ||
    id !== undefined ||
    runtime === 'embedded' ||
    workflow.hosts !== undefined ||
    workflow.networking ||
    workflow.model.changesHost
  );
}

/** Acquires a claim at the first call of `claimed`. */
export function claimOnDemand(acquire: () => Promise<AcquiredClaims>) {
  let acquired: Promise<AcquiredClaims> | undefined;
  return {
    async claimed() {
      acquired ??= acquire();
      await acquired;
    },
    release() {
      acquired?.then(
        (claims) => claims.release(),
        () => undefined, // the caller of `claimed` got the error
      );
    },
  };
}

/** Time for which another start of the same plan is awaited: it ends with a run, or a refusal. */
const OTHER_START_MS = 30_000;
const OTHER_START_POLL_MS = 50;

/**
 * Claims a run id: marks on the host carry it, so two runs with one id cannot be under way on one host.
 * @throws WfError E_RUN_EXISTS; E_PLAN_USED if another start of the same plan was first
 */
export async function claimRun(services: EngineDependencies, id: RunId, plan?: SavedPlan): Promise<AcquiredClaims> {
  for (let waitedMs = 0; ; waitedMs += OTHER_START_POLL_MS) {
    try {
      return await services.claims.acquireRun(id, 0);
    } catch (thrown) {
      const cause = asWfError(thrown);
      if (cause.code !== 'E_LEASE_HELD') throw cause;
      if (plan !== undefined) requireUnused(services, plan);
      if (plan === undefined || waitedMs >= OTHER_START_MS) {
        const hint = 'Choose another --id.';
        throw new WfError('E_RUN_EXISTS', `a run ${id} is under way on this host`, { hint, cause });
      }
    }
    await pause(services.clock, OTHER_START_POLL_MS);
  }
}
