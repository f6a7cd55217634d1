import { type FleetRequest, fleetRequestSchema } from '../../../src/fleet/model/fleet-run.ts';

/** A request to start a fleet run on the hosts h0, h1, ... */
export function fleetRequest(hosts: number, given: Partial<FleetRequest> = {}): FleetRequest {
  return fleetRequestSchema.parse({
    id: 'fl',
    work: { workflow: 'change', definitionHash: 'a'.repeat(64), input: {}, confirmWithinMs: null },
    hosts: Array.from({ length: hosts }, (_, index) => `h${index}`),
    canary: null,
    atOnce: null,
    maxFailures: 0,
    approve: false,
    by: 'ann',
    retryOf: null,
    ...given,
  });
}
