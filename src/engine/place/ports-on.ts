import type { RunHost } from '../ports/runtime.ts';
import type { HostPorts } from '../workflow/step.ts';

/** Returns the ports of a named host of a run; undefined is the run's own host. @throws WfError if the run has no such host */
export function portsOn(host: Pick<RunHost, 'ports' | 'named'>, name: string | undefined): HostPorts {
  return name === undefined ? host.ports : host.named(name);
}
