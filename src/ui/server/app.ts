import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { setCookie } from 'hono/cookie';
import * as z from 'zod';
import { asWfError, WfError } from '../../engine/model/errors.ts';
import { API_ROUTES } from '../api/api-routes.ts';
import { openApiDocument } from '../api/document/openapi.ts';
import { linkHeader } from '../api/link-header.ts';
import { Accepted, type ApiRoute, isPage, type RawRequest } from '../api/route.ts';
import { PAGE_ROUTES } from '../pages/page-routes.ts';
import { renderErrorPage, renderPage, renderSignIn, type Shell } from '../pages/shell.tsx';
import { openEventStream } from '../stream/event-stream.ts';
import type { Feeds } from '../stream/feeds.ts';
import type { FleetFeeds } from '../stream/fleet-feeds.ts';
import { streamQuerySchema } from '../stream/stream-query.ts';
import type { Assets } from './assets.ts';
import { type Access, type GuardedEnv, guard } from './guard.ts';
import { DOCUMENT_POLICY, SECURITY_HEADERS } from './headers.ts';
import { RefusedRequest, statusOfError } from './http-error.ts';
import { SESSION_MS } from './sessions.ts';
import { type SessionRecord, signInSchema } from './sign-in.ts';
import type { UiContext } from './ui-context.ts';

type Ctx = Context<GuardedEnv>;

const MOST_BODY_BYTES = 1024 * 1024;
/** A browser opens six connections to one host at most, and a tab has one stream. */
const MOST_STREAMS = 64;
const YEAR_S = 31_536_000;

export interface AppDependencies {
  /** The token with which programs read `/metrics`; null if the server has no metrics. */
  readonly metricsToken: string | null;
  readonly context: UiContext;
  readonly access: Omit<Access, 'open' | 'byToken' | 'isReading'>;
  readonly assets: Assets;
  readonly feeds: Feeds;
  readonly fleetFeeds: FleetFeeds;
  /** Whether the page is reached by https, through a proxy. */
  readonly isSecure: boolean;
}

/** Composes the page and its API behind the one guard. */
export function createApp({
  context,
  access,
  assets,
  feeds,
  fleetFeeds,
  isSecure,
  metricsToken,
}: AppDependencies): Hono<GuardedEnv> {
  const { basePath } = context;
  const { sessions } = access;
  const assetPaths = [assets.script, assets.style, assets.icon].map(({ name }) => `${basePath}/assets/${name}`);
  const open = new Set([`${basePath}/session`, ...assetPaths]);
  const byToken = new Map(metricsToken === null ? [] : [[`${basePath}/metrics`, metricsToken]]);
  const app = new Hono<GuardedEnv>();
  const reading = API_ROUTES.filter(({ reads }) => reads).map(({ path }) => `${basePath}/api${path}`.split('/'));
  const isReading = (path: string) => reading.some((segments) => matches(path.split('/'), segments));
  let streams = 0;

  const shellOf = (c: Ctx): Shell => {
    const session = c.get('session');
    return {
      basePath,
      script: `${basePath}/assets/${assets.script.name}`,
      style: `${basePath}/assets/${assets.style.name}`,
      icon: `${basePath}/assets/${assets.icon.name}`,
      csrf: session === undefined ? '' : sessions.csrfToken(session),
      allowActions: context.allowActions,
      namedDatabase: context.namedDatabase,
      now: context.clock.now(),
      version: context.version,
      database: context.database,
    };
  };

  app.onError((thrown, c: Ctx) => {
    const { status, record } = refusalOf(thrown);
    // A refusal is thrown before the answer has headers.
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.header(name, value);
    if (wantsJson(c, basePath)) return c.json({ error: record }, status);
    if (status === 401) return c.html(renderSignIn(shellOf(c)), status);
    return c.html(renderErrorPage(shellOf(c), record), status);
  });
  app.use('*', guard({ ...access, open, byToken, isReading }));
  app.use('*', bodyLimit({ maxSize: MOST_BODY_BYTES, onError: () => Promise.reject(tooLarge()) }));

  app.get(`${basePath}/assets/:name`, (c) => {
    const asset = assets.find(c.req.param('name'));
    if (asset === undefined) throw notFound();
    c.header('cache-control', `public, max-age=${YEAR_S}, immutable`);
    c.header('content-type', asset.mediaType);
    return c.body(new Uint8Array(asset.content));
  });

  if (metricsToken !== null) {
    app.get(`${basePath}/metrics`, async (c) => {
      const { mediaType, text } = await context.metrics();
      c.header('content-type', mediaType);
      return c.body(text);
    });
  }

  const sessionRecord = (session: string | undefined): SessionRecord => ({
    signedIn: session !== undefined,
    csrf: session === undefined ? null : sessions.csrfToken(session),
  });
  app.get(`${basePath}/session`, (c) => c.json(sessionRecord(c.get('session'))));
  app.post(`${basePath}/session`, async (c) => {
    const parsed = signInSchema.safeParse(await jsonBody(c));
    const session = parsed.success ? sessions.redeem(parsed.data.token) : undefined;
    if (session === undefined) {
      throw new RefusedRequest(
        403,
        'E_FORBIDDEN',
        'the link is not valid: it has already been used, or is older than ten minutes',
        'Run `wf ui` again: it prints another link.',
      );
    }
    setCookie(c, sessions.cookie, session, {
      httpOnly: true,
      sameSite: 'Strict',
      secure: isSecure,
      path: basePath === '' ? '/' : basePath,
      maxAge: SESSION_MS / 1000,
    });
    return c.json(sessionRecord(session));
  });

  app.get(`${basePath}/api/openapi.json`, (c) => c.json(openApiDocument({ ...context, cookie: sessions.cookie })));
  app.get(`${basePath}/api/events`, (c) => {
    const query = streamQuerySchema.safeParse(c.req.query());
    if (!query.success)
      throw new RefusedRequest(400, 'E_USAGE', z.prettifyError(query.error), 'See /api/openapi.json.');
    if (streams >= MOST_STREAMS)
      throw new WfError('E_LIMIT', `${MOST_STREAMS} pages are open`, { hint: 'Close some of them.' });
    streams += 1;
    const stream = openEventStream(c.env.outgoing, context.clock, SECURITY_HEADERS);
    stream.onClose(() => {
      streams -= 1;
    });
    const { run, after } = query.data;
    if (run !== undefined) {
      const from = Number(c.req.header('last-event-id') ?? after);
      stream.onClose(
        feeds.followRun(run, Number.isSafeInteger(from) ? from : 0, {
          update: (update) => stream.send('run', update, update.seq),
          gone: () => stream.send('gone', {}),
        }),
      );
    }
    const changed = () => stream.send('fleets', {});
    if (query.data.fleet !== undefined) stream.onClose(fleetFeeds.follow(query.data.fleet, changed));
    if (query.data.fleets !== undefined) stream.onClose(fleetFeeds.followAll(changed));
    if (query.data.runs !== undefined) stream.onClose(feeds.followRuns(() => stream.send('runs', {})));
    return RESPONSE_ALREADY_SENT;
  });

  for (const route of API_ROUTES) {
    const path = `${basePath}/api${route.path.replaceAll(/\{(\w+)\}/g, ':$1')}`;
    app.on(route.method.toUpperCase(), path, (c) => respond(route, context, c));
  }
  for (const route of PAGE_ROUTES) {
    app.get(`${basePath}${route.path}`, async (c) => {
      const model = await route.load(context, { params: c.req.param(), query: queryOf(c) });
      // An open page reads its content again.
      if (c.req.header('accept') === 'application/json') return c.json(model);
      return c.html(renderPage(shellOf(c), model));
    });
  }
  // The address as people type it.
  if (basePath !== '') app.get(basePath, (c) => c.redirect(`${basePath}/`));
  app.notFound(() => {
    throw notFound();
  });
  return app;
}

/** Whether a path matches a route exactly: a parameter matches one segment. */
function matches(path: readonly string[], route: readonly string[]): boolean {
  return (
    path.length === route.length &&
    route.every((segment, index) => /^\{\w+\}$/.test(segment) || segment === path[index])
  );
}

async function respond(route: ApiRoute, context: UiContext, c: Ctx): Promise<Response> {
  const body = route.method === 'post' ? await jsonBody(c) : undefined;
  const query = queryOf(c);
  const answer = await route.respond(context, { params: c.req.param(), query, body });
  if (answer instanceof Accepted) return c.json(answer.body, 202);
  if (route.answer.type === 'json') return c.json(answer);
  if (route.answer.type === 'page') {
    const { items, links } = isPage(answer) ? answer : { items: [], links: {} };
    const link = linkHeader(c.req.path, query, links);
    if (link !== undefined) c.header('link', link);
    return c.json(items);
  }
  if (typeof answer !== 'string') throw notFound();
  c.header('content-security-policy', DOCUMENT_POLICY);
  c.header('content-type', route.answer.mediaType);
  return c.body(answer);
}

/** Returns the parameters of a query: a list for one that is given several times. */
function queryOf(c: Ctx): RawRequest['query'] {
  return Object.fromEntries(
    Object.entries(c.req.queries()).map(([name, values]) => [name, values.length === 1 ? (values[0] ?? '') : values]),
  );
}

/** A form of another site cannot send this media type without the permission of the server. */
async function jsonBody(c: Ctx): Promise<unknown> {
  if (!(c.req.header('content-type') ?? '').startsWith('application/json'))
    throw new RefusedRequest(415, 'E_USAGE', 'the body is not JSON', 'Send it with content-type application/json.');
  try {
    return await c.req.json();
  } catch (thrown) {
    if (thrown instanceof RefusedRequest) throw thrown;
    throw new RefusedRequest(400, 'E_USAGE', 'the body is not valid JSON', 'Send one JSON object.');
  }
}

function refusalOf(thrown: unknown): Pick<RefusedRequest, 'status' | 'record'> {
  if (thrown instanceof RefusedRequest) return thrown;
  const error = asWfError(thrown);
  return { status: statusOfError(error), record: error.toRecord() };
}

/** Pages are HTML, everything else is JSON. */
function wantsJson(c: Ctx, basePath: string): boolean {
  const { path, method } = c.req;
  return method !== 'GET' || ['/api/', '/session', '/metrics'].some((other) => path.startsWith(basePath + other));
}

function notFound(): RefusedRequest {
  return new RefusedRequest(404, 'E_USAGE', 'there is no such page', 'Start at the list of runs.');
}

function tooLarge(): RefusedRequest {
  return new RefusedRequest(413, 'E_USAGE', `the request is longer than ${MOST_BODY_BYTES} bytes`, 'Send less.');
}
