import { z } from 'zod';
import { engineIdSchema } from '../engine/same-engine.ts';
import { encryptionSchema } from './encryption.ts';

/** An address and a port, as `10.92.0.1:2377`. */
const endpointSchema = z
  .string()
  .regex(/^(?:\d{1,3}\.){3}\d{1,3}:\d{1,5}$/, 'must be an IPv4 address and a port, as 10.92.0.1:2377');

export const nodeFields = {
  advertiseAddress: z.ipv4().describe('address of this host that the other nodes use, for VXLAN too'),
  listenAddress: endpointSchema
    .nullable()
    .default(null)
    .describe('address and TCP port that a manager listens on; null is `0.0.0.0:2377`'),
};

export const managerAddressSchema = endpointSchema.describe('address and TCP port of the manager, as `10.92.0.1:2377`');

/**
 * Record of a membership. Node and cluster are null until the engine is a node, which the mark identifies until then. The gateway is
 * the id of the network that the run created for it; null if there was one before, or there is none yet.
 */
export const membershipFields = {
  engine: engineIdSchema,
  cluster: z.string().nullable(),
  node: z.string().nullable(),
  gateway: z.string().nullable(),
  encryption: encryptionSchema.nullable(),
};
