import { WfError } from '../model/errors.ts';
import type { RunId, StepId } from '../model/ids.ts';
import { portsOn } from '../place/ports-on.ts';
import type { RunHost } from '../ports/runtime.ts';
import type { HostContext, StepContext } from '../workflow/step.ts';

/**
 * Returns the context in which a host is observed for a plan: nothing is recorded.
 * @param name of a named host; undefined for the run's own
 */
export function observingContext(
  run: RunId,
  host: Pick<RunHost, 'ports' | 'named'>,
  name: string | undefined,
  timeoutMs?: number,
): HostContext {
  const named = (other: string) => host.named(other);
  const signal = timeoutMs === undefined ? new AbortController().signal : AbortSignal.timeout(timeoutMs);
  return { run, host: portsOn(host, name), named, signal, record: () => {}, progress: () => {} };
}

/** Returns the same for a step, which cannot alter a ledger. */
export function observingStep(context: HostContext, step: StepId): StepContext {
  return { ...context, step, attempt: 1, retriedAfter: null, ledger: NO_LEDGER };
}

const refused = () => Promise.reject(new WfError('E_INTERNAL', 'a plan changes nothing', { hint: 'Report this.' }));
const NO_LEDGER: StepContext['ledger'] = { revert: refused, verify: refused, changes: () => [] };
