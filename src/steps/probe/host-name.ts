import { z } from 'zod';

/** A host name, or an IP address: never something that a program could take for an option. */
export const hostNameSchema = z
  .string()
  .max(253)
  .regex(/^[A-Za-z0-9_:][A-Za-z0-9_.:-]*$/, 'a host name has letters, digits, "_", "." and "-" only');
