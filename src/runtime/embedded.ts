import { WfError } from '../engine/errors.ts';
import type { Runtime } from '../engine/ports/runtime.ts';
import type { HostPorts } from '../engine/step.ts';

export function embeddedRuntime(_machine: HostPorts): Runtime {
  return {
    name: 'embedded',
    scope: null,
    look: async () => [],
    async open() {
      throw new WfError('E_RUNTIME_UNAVAILABLE', 'the embedded runtime is not there yet', {
        hint: 'Start the run with --runtime docker.',
      });
    },
  };
}
