import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../engine/ports/clock.ts';

/** People open a link soon after wf prints it. */
const LINK_MS = 10 * 60_000;
/** A trainer keeps a page open for a week of training. */
export const SESSION_MS = 7 * 24 * 3_600_000;

/** Signs people in: exchanges the one-time token of a link for a session in a cookie. Stores nothing: tokens and sessions are signed. */
export interface Sessions {
  /** Name of the cookie. Cookies ignore the port: servers of several databases on one host need different names. */
  readonly cookie: string;
  /** Returns a session for a token, once; undefined if the token is not valid. */
  redeem(token: string): string | undefined;
  isValid(session: string): boolean;
  /** Returns the token that every request of a session that writes must carry. */
  csrfToken(session: string): string;
}

/** @param instance of the server */
export function createSessions(key: Buffer, instance: string, clock: Pick<Clock, 'now'>): Sessions {
  const used = new Set<string>();
  return {
    cookie: `wf-${createHash('sha256').update(key).digest('hex').slice(0, 8)}`,
    redeem(token) {
      const nonce = verified(key, `link ${instance}`, token, clock.now());
      if (nonce === undefined || used.has(nonce)) return undefined;
      used.add(nonce);
      return signed(key, 'session', clock.now() + SESSION_MS);
    },
    isValid: (session) => verified(key, 'session', session, clock.now()) !== undefined,
    csrfToken: (session) => signature(key, `csrf ${session}`),
  };
}

/** Returns a token that signs one browser in to a server, within ten minutes. */
export function linkToken(key: Buffer, instance: string, now: number): string {
  return signed(key, `link ${instance}`, now + LINK_MS);
}

/** Returns a random value with its expiry and its signature. */
function signed(key: Buffer, purpose: string, until: number): string {
  const value = `${randomBytes(16).toString('base64url')}.${until.toString(36)}`;
  return `${value}.${signature(key, `${purpose} ${value}`)}`;
}

/** Returns the random value of a token; undefined if its signature is wrong or it has expired. */
function verified(key: Buffer, purpose: string, token: string, now: number): string | undefined {
  const [nonce = '', until = '', given = '', ...more] = token.split('.');
  if (more.length > 0 || !isSame(given, signature(key, `${purpose} ${nonce}.${until}`))) return undefined;
  return Number.parseInt(until, 36) > now ? nonce : undefined;
}

function signature(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url');
}

/** Compares two texts in a time that does not depend on their content. */
export function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
