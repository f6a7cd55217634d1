import { sha256 } from '../../../engine/model/digest.ts';

/**
 * Derives the MAC address of a link from its owner and name: locally administered (bit 1 of the first octet), unicast (bit 0
 * clear), the rest from SHA-256. The same step of the same run always gets the same address.
 */
export function macOf(owner: string, link: string): string {
  const digest = Buffer.from(sha256(`${owner}/${link}`), 'hex');
  const octets = [...digest.subarray(0, 6)].map((octet, position) => (position === 0 ? (octet & 0xfc) | 0x02 : octet));
  return octets.map((octet) => octet.toString(16).padStart(2, '0')).join(':');
}
