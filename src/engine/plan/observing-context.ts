import { WfError } from '../model/errors.ts';
import type { RunId, StepId } from '../model/ids.ts';
import type { HostContext, HostPorts, StepContext } from '../workflow/step.ts';

/** Returns the context in which a host is observed for a plan: nothing is recorded. */
export function observingContext(run: RunId, host: HostPorts, timeoutMs?: number): HostContext {
  const signal = timeoutMs === undefined ? new AbortController().signal : AbortSignal.timeout(timeoutMs);
  return { run, host, signal, record: () => {}, progress: () => {} };
}

/** Returns the same for a step, which cannot alter a ledger. */
export function observingStep(context: HostContext, step: StepId): StepContext {
  return { ...context, step, attempt: 1, retriedAfter: null, ledger: NO_LEDGER };
}

const refused = () => Promise.reject(new WfError('E_INTERNAL', 'a plan changes nothing', { hint: 'Report this.' }));
const NO_LEDGER: StepContext['ledger'] = { revert: refused, verify: refused, changes: () => [] };
