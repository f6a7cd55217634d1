import ipaddr from 'ipaddr.js';
import { WfError } from '../../engine/errors.ts';

/**
 * The first address of an IPv4 subnet, which the engine gives to the bridge: `172.20.0.1` of `172.20.0.0/16`.
 * @throws WfError E_INPUT when it is no IPv4 subnet.
 */
export function firstHostOf(subnet: string): string {
  if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(subnet)) {
    throw new WfError('E_INPUT', `"${subnet}" is no IPv4 subnet`, { hint: 'Write it as 172.20.0.0/16.' });
  }
  const bytes = ipaddr.IPv4.networkAddressFromCIDR(subnet).toByteArray();
  bytes[3] = (bytes[3] ?? 0) + 1;
  return ipaddr.fromByteArray(bytes).toString();
}
