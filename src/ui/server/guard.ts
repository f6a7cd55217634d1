import type { HttpBindings } from '@hono/node-server';
import type { HonoRequest, MiddlewareHandler } from 'hono';
import { getCookie } from 'hono/cookie';
import { peerUser } from '../../host/http/peer-user.ts';
import { SECURITY_HEADERS } from './headers.ts';
import { RefusedRequest } from './http-error.ts';
import { isSame, type Sessions } from './sessions.ts';

/** The access rules of the server. */
export interface Access {
  readonly sessions: Sessions;
  /** The exact values of `Host`. */
  readonly hosts: ReadonlySet<string>;
  /** The exact values of `Origin`. */
  readonly origins: ReadonlySet<string>;
  /** Users whose processes may connect to the loopback port; null for a Unix socket, whose mode decides. */
  readonly users: ReadonlySet<number> | null;
  readonly allowActions: boolean;
  /** Paths that need no session, as they lead to one. */
  readonly open: ReadonlySet<string>;
  /** Paths for programs, which need this token instead of a session. */
  readonly byToken: ReadonlyMap<string, string>;
  /** Whether a POST to this path changes nothing: a read-only server answers it. */
  isReading(path: string): boolean;
}

/** The values that the guard hands to the routes. */
export interface GuardedEnv {
  Bindings: HttpBindings;
  Variables: { session: string | undefined };
}

/** The one guard before every route. It refuses with a {@link RefusedRequest}. */
export function guard(access: Access): MiddlewareHandler<GuardedEnv> {
  return async (context, next) => {
    const { req, env } = context;
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) context.header(name, value);
    requireUser(env.incoming.socket, access);
    requireHost(env.incoming.rawHeaders, access);
    const isRead = req.method === 'GET';
    if (!isRead && req.method !== 'POST')
      throw forbidden(`the method ${req.method} is not allowed`, 'Use GET or POST.');
    requireSite(req.header('sec-fetch-site'), isRead && isNavigation(req));
    if (!isRead) requireOrigin(req.header('origin'), access);
    const token = access.byToken.get(req.path);
    if (token !== undefined) {
      if (!isRead || !isSame(req.header('authorization') ?? '', `Bearer ${token}`)) throw signedOut();
      await next();
      return;
    }
    const session = getCookie(context, access.sessions.cookie);
    const isSignedIn = session !== undefined && access.sessions.isValid(session);
    context.set('session', isSignedIn ? session : undefined);
    if (!access.open.has(req.path)) {
      if (!isSignedIn) throw signedOut();
      if (!isRead) {
        const given = req.header('x-wf-csrf') ?? '';
        if (!isSame(given, access.sessions.csrfToken(session)))
          throw forbidden('the request carries no valid token of its session', 'Load the page again.');
        if (!access.allowActions && !access.isReading(req.path))
          throw forbidden('this server is read-only', 'Start it with `wf ui --allow-actions`, or use the command.');
      }
    }
    await next();
  };
}

/** All users of this machine share its loopback: a cookie of one user must be useless to another. */
function requireUser({ localPort, remotePort }: HttpBindings['incoming']['socket'], { users }: Access): void {
  if (users === null) return;
  const user = localPort === undefined || remotePort === undefined ? undefined : peerUser({ localPort, remotePort });
  if (user !== undefined && users.has(user)) return;
  const who = user === undefined ? 'a process that this machine does not list' : `a process of uid ${user}`;
  throw forbidden(`${who} may not connect`, 'Allow another user with `wf ui --allow-user NAME`.');
}

/** Refuses a foreign name that resolves to this address (DNS rebinding). Refuses two hosts: a proxy may read the other one. */
function requireHost(headers: readonly string[], { hosts }: Access): void {
  const given = headers.filter((_value, index) => index % 2 === 1 && headers[index - 1]?.toLowerCase() === 'host');
  if (given.length === 1 && given.every((host) => hosts.has(host.toLowerCase()))) return;
  throw forbidden('the request is for another host', 'Open the address that wf printed; for a proxy, set --origin.');
}

/** Browsers report the origin of a request. A page of another site may link to this one, and nothing else. */
function requireSite(site: string | undefined, mayComeFromAnywhere: boolean): void {
  if (site === undefined || site === 'same-origin' || mayComeFromAnywhere) return;
  throw forbidden(`a ${site} request is not allowed`, 'Open the address that wf printed.');
}

/** Whether a person opens a page: its address was typed, or a link to it was followed. */
function isNavigation(req: HonoRequest): boolean {
  return req.header('sec-fetch-mode') === 'navigate' && req.header('sec-fetch-dest') === 'document';
}

function requireOrigin(origin: string | undefined, { origins }: Access): void {
  if (origin !== undefined && origins.has(origin.toLowerCase())) return;
  throw forbidden('a request that writes must come from the page itself', 'Open the address that wf printed.');
}

function forbidden(message: string, hint: string): RefusedRequest {
  return new RefusedRequest(403, 'E_FORBIDDEN', message, hint);
}

function signedOut(): RefusedRequest {
  return new RefusedRequest(401, 'E_SIGNED_OUT', 'nobody is signed in', 'Open the link that `wf ui` prints.');
}
