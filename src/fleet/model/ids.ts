import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { parseRunId, type RunId } from '../../engine/model/ids.ts';

/** The rule for fleet ids, for the hint of an error. */
export const FLEET_ID_RULE =
  'A fleet id has at most 22 letters, digits, "_" and "-", and begins with a letter or digit.';

/** The rule for names of hosts, for the hint of an error. */
export const HOST_NAME_RULE =
  'A host name has at most 40 letters, digits, "_" and "-", and begins with a letter or digit.';

// The limits keep the id of a part (fleet id, "-", host name) within the 63 characters of a run id.
export const fleetIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,21}$/, FLEET_ID_RULE)
  .brand<'FleetId'>();
export const hostNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/, HOST_NAME_RULE)
  .brand<'HostName'>();
/** A random id that each process of an agent chooses when it starts. */
export const sessionIdSchema = z.string().min(8).max(64).brand<'SessionId'>();
export const itemIdSchema = z.string().max(100).brand<'ItemId'>();

/** Names one fleet run. */
export type FleetId = z.output<typeof fleetIdSchema>;
/** Names one host, and its mailbox. */
export type HostName = z.output<typeof hostNameSchema>;
export type SessionId = z.output<typeof sessionIdSchema>;
export type ItemId = z.output<typeof itemIdSchema>;

/** Returns the id of the local run of a fleet run on one host. */
export function partOf(fleet: FleetId, host: HostName): RunId {
  const id = parseRunId(`${fleet}-${host}`);
  if (id !== undefined) return id;
  throw new WfError('E_INTERNAL', `"${fleet}-${host}" cannot be a run id`, { hint: 'Report this.' });
}
