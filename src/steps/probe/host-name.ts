import { z } from 'zod';

/** A host name or an IP address that no program can read as an option. */
export const hostNameSchema = z
  .string()
  .max(253)
  .regex(/^[A-Za-z0-9_:][A-Za-z0-9_.:-]*$/, 'a host name has only letters, digits, "_", "." and "-"');
