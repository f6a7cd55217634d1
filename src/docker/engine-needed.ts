import { WfError } from '../engine/model/errors.ts';

/** Returns the error for `what` on the embedded runtime, which has no volumes, container options or additional networks. */
export function engineNeeded(what: string): WfError {
  return new WfError('E_RUNTIME_UNAVAILABLE', `${what} needs a Docker engine: the embedded runtime has none`, {
    hint: 'Start the run with `--runtime docker`. `wf doctor` reports which engine wf finds.',
  });
}
