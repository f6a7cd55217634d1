/** Step runners that come with wf, with their requirements, schemas and helpers. */
export {
  addressAt,
  hostAddressProblem,
  hostAddressSchema,
  isInSubnet,
  prefixLengthOf,
  subnetSchema,
  subnetsOverlap,
} from './addresses.ts';
export { containerHandleSchema } from './container-handle.ts';
export * from './docker/index.ts';
export * from './exec/index.ts';
export * from './file/index.ts';
export * from './firewall/index.ts';
export * from './host/index.ts';
export * from './net/index.ts';
export { placeHandleSchema } from './place-handle.ts';
export * from './probe/index.ts';
export * from './sysctl/index.ts';
export * from './systemd/index.ts';
export * from './tc/index.ts';
