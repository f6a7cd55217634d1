import ipaddr from 'ipaddr.js';
import { z } from 'zod';

/** What the engine takes as the name of a container; held for networks as well, so that a name fits into any command line. */
export const objectNameSchema = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/, 'must be two or more of A-Z a-z 0-9 _ . - and begin with a letter or digit');

/** An IPv4 subnet such as `172.20.0.0/16`. */
export const subnetSchema = z
  .string()
  .refine((text) => ipaddr.IPv4.isValidCIDRFourPartDecimal(text), 'must be an IPv4 subnet such as 172.20.0.0/16');

/** An id as `docker ps` and `docker network ls` show it. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}
