import { z } from 'zod';
import { FLEET_STATUSES, fleetHeadSchema, fleetRequestSchema, fleetRunSchema } from '../model/fleet-run.ts';
import { fleetIdSchema, hostNameSchema, itemIdSchema, sessionIdSchema } from '../model/ids.ts';
import { answerSchema, itemSchema } from '../model/item.ts';
import { mailboxSchema, progressSchema } from '../model/mailbox.ts';
import { sealedSecretsSchema } from '../model/sealed.ts';

/** Names of the virtual objects. */
export const HOST_OBJECT = 'wf-host';
export const FLEET_OBJECT = 'wf-fleet';
export const DIRECTORY_OBJECT = 'wf-directory';
/** The one key of the directory. */
export const DIRECTORY_KEY = 'all';

/** The longest wait of a long poll, in milliseconds. */
export const POLL_MS = 20_000;

/** Inputs of the handlers. */
export const pollSchema = z.strictObject({
  session: sessionIdSchema,
  current: itemIdSchema.nullable(),
  progress: progressSchema.nullable(),
});
export const lookSchema = pollSchema.extend({ waiter: z.string() });
export const confirmSchema = z.strictObject({ session: sessionIdSchema, item: itemIdSchema });
export const answeredSchema = confirmSchema.extend({ answer: answerSchema });
export const writeOffSchema = z.strictObject({ by: z.string().min(1), reason: z.string().min(1) });
export const startSchema = z.strictObject({ request: fleetRequestSchema, sealed: sealedSecretsSchema });
/** The news of a mailbox. */
export const newsSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('answered'),
    host: hostNameSchema,
    action: z.enum(['run', 'roll-back']),
    answer: answerSchema,
  }),
  z.strictObject({ type: z.literal('written-off'), host: hostNameSchema, by: z.string(), reason: z.string() }),
]);
export const summarySchema = z.strictObject({
  id: fleetIdSchema,
  workflow: z.string(),
  status: z.enum(FLEET_STATUSES),
  hosts: z.int(),
  createdAt: z.int(),
  finishedAt: z.int().nullable(),
  version: z.int(),
});
export type Summary = Readonly<z.output<typeof summarySchema>>;

/** Results of the handlers. */
export const openedSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('opened') }),
  z.strictObject({ type: z.literal('held'), seenAt: z.int().nullable() }),
]);
export const headSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('head'), item: itemSchema.nullable() }),
  z.strictObject({ type: z.literal('parked') }),
  z.strictObject({ type: z.literal('unchanged') }),
  z.strictObject({ type: z.literal('held') }),
]);
export const takenSchema = z.strictObject({ type: z.enum(['taken', 'gone', 'held']) });
export const confirmedSchema = z.strictObject({ type: z.enum(['confirmed', 'gone', 'held']) });
export const writtenOffSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('written-off'), fleets: z.array(fleetIdSchema) }),
  z.strictObject({ type: z.literal('unknown') }),
]);
const unknownSchema = z.strictObject({ type: z.literal('unknown') });
export const fleetHeadResultSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('head'), head: fleetHeadSchema }),
  unknownSchema,
]);
export const fleetResultSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('fleet'), fleet: fleetRunSchema }),
  unknownSchema,
]);
/** Result of a request to a fleet run. */
export const acceptedSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('accepted') }),
  z.strictObject({ type: z.literal('exists') }),
  z.strictObject({ type: z.literal('refused'), why: z.string() }),
  unknownSchema,
]);
export const mailboxStateSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('mailbox'), mailbox: mailboxSchema }),
  z.strictObject({ type: z.literal('unknown') }),
]);
export const hostNamesSchema = z.array(hostNameSchema);
export const summariesSchema = z.array(summarySchema);
