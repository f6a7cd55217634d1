import { readFileSync } from 'node:fs';
import { WfError } from '../../engine/model/errors.ts';

/** Bit numbers from linux/capability.h. */
const CAPABILITY_BITS = { CAP_NET_ADMIN: 12n, CAP_NET_RAW: 13n, CAP_SYS_ADMIN: 21n } as const;
export type Capability = keyof typeof CAPABILITY_BITS;

/** Returns which of these capabilities are not effective in wf's own process. @throws WfError E_HOST_STATE_UNKNOWN */
export function missingCapabilities(wanted: readonly Capability[]): readonly Capability[] {
  const effective = effectiveCapabilities(readFileSync('/proc/self/status', 'utf8'));
  return wanted.filter((capability) => (effective & (1n << CAPABILITY_BITS[capability])) === 0n);
}

/**
 * Returns the bits of the `CapEff` line in the text of /proc/PID/status.
 * @throws WfError E_HOST_STATE_UNKNOWN if there is none.
 */
export function effectiveCapabilities(status: string): bigint {
  const found = /^CapEff:\s*([0-9a-f]+)$/m.exec(status);
  if (found?.[1] === undefined) {
    throw new WfError('E_HOST_STATE_UNKNOWN', '/proc/self/status: no list of effective capabilities', {
      hint: 'Mount the proc filesystem of a Linux machine on /proc.',
    });
  }
  return BigInt(`0x${found[1]}`);
}
