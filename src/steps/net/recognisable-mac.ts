import { sha256 } from '../../engine/model/digest.ts';

/**
 * Returns the MAC address that belongs to a link of an owner: locally administered (bit 1 of the first octet) and unicast (bit 0
 * clear), the rest from SHA-256. The same step of the same run finds the same address again.
 */
export function macOf(owner: string, link: string): string {
  const digest = Buffer.from(sha256(`${owner}/${link}`), 'hex');
  const octets = [...digest.subarray(0, 6)].map((octet, position) => (position === 0 ? (octet & 0xfc) | 0x02 : octet));
  return octets.map((octet) => octet.toString(16).padStart(2, '0')).join(':');
}
