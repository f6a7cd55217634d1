import { z } from 'zod';
import { type HostName, hostNameSchema, type ItemId, sessionIdSchema } from './ids.ts';
import { type Item, itemSchema } from './item.ts';

/** The silence in milliseconds after which a session has ended: longer than two long polls. */
export const SESSION_MS = 45_000;

/** The agent that asks for a mailbox. */
export const sessionRequestSchema = z.strictObject({
  session: sessionIdSchema,
  /** The random id of the agent, which its database keeps. */
  agent: z.string().min(8).max(64),
  /** The boot id of its machine, which differs from that of a cloned host. */
  boot: z.string().min(1).max(64),
  /** The key to which secrets for this host are sealed. */
  publicKey: z.base64url().length(43).optional(),
  labels: z.record(z.string(), z.string()),
  version: z.string(),
});
export type SessionRequest = Readonly<z.output<typeof sessionRequestSchema>>;

/** The progress of a host with its first item. */
export const progressSchema = z.strictObject({ part: z.string(), status: z.string(), error: z.string().nullable() });
export type Progress = Readonly<z.output<typeof progressSchema>>;

export const mailboxSchema = z.strictObject({
  host: hostNameSchema,
  session: sessionRequestSchema.nullable(),
  /** When the agent was last heard, in milliseconds since the epoch. */
  seenAt: z.int().nullable(),
  /** Set from a write-off until the host returns. */
  writtenOff: z.strictObject({ by: z.string(), reason: z.string(), at: z.int() }).nullable(),
  items: z.array(itemSchema).readonly(),
  progress: progressSchema.nullable(),
});
export type Mailbox = Readonly<z.output<typeof mailboxSchema>>;

export const emptyMailbox = (host: HostName): Mailbox => ({
  host,
  session: null,
  seenAt: null,
  writtenOff: null,
  items: [],
  progress: null,
});

/**
 * Opens a session, or returns null if another agent has one. An agent that restarts in the same boot displaces its dead predecessor at
 * once; any other agent, such as that of a cloned host, only after the session has ended.
 */
export function openSession(mailbox: Mailbox, request: SessionRequest, at: number): Mailbox | null {
  const { session } = mailbox;
  const isOwn = session !== null && session.agent === request.agent && session.boot === request.boot;
  if (session !== null && !isOwn && !isSilent(mailbox, at)) return null;
  return { ...mailbox, session: request, seenAt: at, writtenOff: null, progress: null };
}

/** Whether the agent of a mailbox has been silent for longer than a session lasts. */
export function isSilent({ seenAt }: Pick<Mailbox, 'seenAt'>, at: number): boolean {
  return seenAt === null || at - seenAt > SESSION_MS;
}

/** Records that the agent of a session is alive; null if the session is not that of the mailbox. */
export function heard(mailbox: Mailbox, session: string, progress: Progress | null, at: number): Mailbox | null {
  return mailbox.session?.session === session ? { ...mailbox, seenAt: at, writtenOff: null, progress } : null;
}

/**
 * Appends an item to a mailbox; a rollback replaces the run of its part. Ignores an item that the mailbox already has. Returns null for
 * a run if the host is written off.
 */
export function offer(mailbox: Mailbox, item: Item): Mailbox | null {
  const { items, writtenOff } = mailbox;
  if (items.some(({ id }) => id === item.id)) return mailbox;
  if (item.action === 'run') return writtenOff === null ? { ...mailbox, items: [...items, item] } : null;
  const place = items.findIndex(({ part, action }) => part === item.part && action === 'run');
  return { ...mailbox, items: place === -1 ? [...items, item] : items.with(place, item) };
}

/** Whether the fleet keeps the part of an item: no rollback has taken its place. */
export function keeps({ items }: Mailbox, id: ItemId): boolean {
  return items.some((item) => item.id === id && item.action === 'run');
}

/** Removes an answered item from a mailbox; null if the mailbox does not have it: the answer is obsolete. */
export function answered(mailbox: Mailbox, id: ItemId): { readonly mailbox: Mailbox; readonly item: Item } | null {
  const item = mailbox.items.find((one) => one.id === id);
  if (item === undefined) return null;
  return { mailbox: { ...mailbox, items: mailbox.items.filter((one) => one !== item), progress: null }, item };
}

/** Writes a host off. Returns the fleet runs to which it owes an answer. */
export function writeOff(
  mailbox: Mailbox,
  { by, reason }: { readonly by: string; readonly reason: string },
  at: number,
): { readonly mailbox: Mailbox; readonly fleets: readonly Item['fleet'][] } {
  const fleets = [...new Set(mailbox.items.map(({ fleet }) => fleet))];
  return { mailbox: { ...mailbox, writtenOff: { by, reason, at } }, fleets };
}
