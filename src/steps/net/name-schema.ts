import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { isAddress, parseSubnet, subnetText } from '../../host/ip/subnet.ts';

/** IFNAMSIZ of the kernel without the terminating zero. */
const NAME_LIMIT = 15;

/** Names with a special meaning in `/sys/class/net` and `/proc/sys/net/ipv4/conf`. */
const RESERVED = new Set(['.', '..', 'all', 'default']);

/** The name of a network interface that the kernel accepts. */
export const linkNameSchema = z.string().superRefine((name, check) => {
  const complaint = linkNameComplaint(name);
  if (complaint !== undefined) check.addIssue({ code: 'custom', message: complaint });
});

function linkNameComplaint(name: string): string | undefined {
  const bytes = Buffer.byteLength(name);
  if (bytes === 0) return 'an interface name must not be empty';
  if (bytes > NAME_LIMIT) {
    return `an interface name has at most ${NAME_LIMIT} characters, the kernel's limit; "${name}" has ${bytes} bytes`;
  }
  if (RESERVED.has(name)) return `the kernel reserves "${name}": it cannot be an interface name`;
  // `ip` would parse a leading hyphen as an option.
  if (/[/:%\s\p{Cc}]/u.test(name) || name.startsWith('-')) {
    return `the interface name "${name}" has a character that the kernel or ip does not accept: no "/", ":", "%", white space or leading "-"`;
  }
  return undefined;
}

/** A MAC address, in lower case. */
export const macSchema = z
  .string()
  .regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i, 'must be a MAC address such as 02:00:00:00:00:01')
  .transform((mac) => mac.toLowerCase());

/** The MTU of a link, in bytes. */
export const mtuSchema = z.number().int().min(68).max(65_535);

/** An IP address without prefix length, in its shortest form. */
export const addressSchema = z.string().transform((text, check) => {
  if (isAddress(text)) return ipaddr.parse(text).toString();
  check.addIssue({ code: 'custom', message: `"${text}" is not an IP address` });
  return z.NEVER;
});

/** An address with prefix length, such as `172.18.0.100/16`, in its shortest form. */
export const cidrSchema = z.string().transform((text, check) => {
  const subnet = text.includes('/') ? parseSubnet(text) : undefined;
  if (subnet !== undefined) return subnetText(subnet);
  check.addIssue({
    code: 'custom',
    message: `"${text}" is not an address with a prefix length, such as 172.18.0.100/16`,
  });
  return z.NEVER;
});
