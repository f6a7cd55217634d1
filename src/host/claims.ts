import { createHash } from 'node:crypto';
import { WfError } from '../engine/errors.ts';
import { parseRunId, type RunId } from '../engine/ids.ts';
import type { ClaimPort } from '../engine/ports/claims.ts';
import { leaseHeld } from '../engine/run-refusal.ts';
import { askName, type HeldName, takeName } from './abstract-socket.ts';
import { pause, systemClock } from './clock.ts';

const POLL_MS = 10;

/** Claims as abstract sockets. Whoever connects to a claim is told the run that holds it; to a run, the pid that does. */
export const socketClaims: ClaimPort = {
  async hold(claims, run) {
    const held: HeldName[] = [];
    const release = () => {
      for (const name of held.splice(0)) name.close();
    };
    try {
      // In one order, so that of two processes that want the same names one gets the first, and with it all.
      for (const claim of [...new Set(claims)].sort()) held.push(await take(claim, run));
    } catch (thrown) {
      release();
      throw thrown;
    }
    return { release };
  },

  /*
   * Node (20: libuv 1.46) starts a child with fork and execve. In between the child is a copy of wf: it has wf's environment,
   * not its own mark, but also wf's open files, the listening socket among them, which execve closes (SOCK_CLOEXEC). If wf is
   * killed at that moment the copy goes on, and the name stays taken until it has become what it was to be. So no scan for
   * marks made while this name is held overlooks a child of an earlier holder.
   */
  async holdRun(run, waitMs) {
    for (let waitedMs = 0; ; waitedMs += POLL_MS) {
      const held = await takeName(runName(run), String(process.pid));
      if (held !== null) return { release: () => held.close() };
      const answer = await askName(runName(run), Math.max(POLL_MS, waitMs - waitedMs));
      if (answer.type === 'said') throw runHeld(run, answer.text);
      if (answer.type === 'silent' || waitedMs >= waitMs) throw runHeld(run, null);
      await pause(systemClock, POLL_MS);
    }
  },
};

/**
 * Whether a living process advances a run, whatever database it works with: also one that was stopped and does not answer.
 * Seen are the processes of wf's own network namespace.
 * @throws WfError E_HOST_STATE_UNKNOWN
 */
export async function runIsUnderWay(run: RunId): Promise<boolean> {
  return (await askName(runName(run))).type !== 'nobody';
}

async function take(claim: string, run: RunId): Promise<HeldName> {
  const name = claimName(claim);
  const held = await takeName(name, run);
  if (held !== null) return held;
  const answer = await askName(name);
  // It may have ended between the two questions.
  const again = answer.type === 'nobody' ? await takeName(name, run) : null;
  if (again !== null) return again;
  throw inUse(claim, answer.type === 'said' ? (parseRunId(answer.text) ?? null) : null);
}

/** A name has at most 107 bytes: hence the hash. */
function claimName(claim: string): string {
  return `wf-claim-${createHash('sha256').update(claim).digest('hex').slice(0, 40)}`;
}

function runName(run: RunId): string {
  return `wf-run-${run}`;
}

function inUse(claim: string, holder: RunId | null): WfError {
  const by = holder === null ? 'another run' : `run ${holder}`;
  return new WfError('E_NAME_IN_USE', `${claim} is claimed by ${by}, which is under way on this host`, {
    hint: 'Wait for that run to end, or choose other names (for the lab: `--input prefix=...`).',
    details: { claim, run: holder },
  });
}

/** @param pid of the holder; null where it does not answer */
function runHeld(run: RunId, pid: string | null): WfError {
  if (pid !== null) return leaseHeld(run, { pid: Number(pid) }, undefined);
  return new WfError('E_LEASE_HELD', `run ${run} is being advanced by a process that does not answer`, {
    hint: 'It was probably stopped (Ctrl-Z, SIGSTOP): `ps -eo pid,stat,args | grep wf` shows a T. Let it go on with `kill -CONT PID`, or end it.',
    details: { run, pid: null },
  });
}
