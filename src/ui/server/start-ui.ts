import { getRequestListener } from '@hono/node-server';
import { type HttpServer, type ListenAddress, listenHttp } from '../../host/http/listen.ts';
import { createFeeds } from '../stream/feeds.ts';
import { createFleetFeeds } from '../stream/fleet-feeds.ts';
import { createApp } from './app.ts';
import { readAssets } from './assets.ts';
import { createSessions } from './sessions.ts';
import type { UiContext } from './ui-context.ts';

export interface UiOptions {
  readonly listen: ListenAddress;
  /** The address of a proxy in front of the server, such as `https://wf.example.com`; null if there is none. */
  readonly origin: string | null;
  /** Users whose processes may connect to the port. */
  readonly users: ReadonlySet<number>;
  /** Signs cookies and links. */
  readonly key: Buffer;
  /** The token with which programs read `/metrics`; null if the server has no metrics. */
  readonly metricsToken: string | null;
  /** Different for each start. */
  readonly instance: string;
}

export interface UiServer {
  /** The address that people open, with the base path. */
  readonly url: string;
  /** Null for a Unix socket. */
  readonly port: number | null;
  close(): Promise<void>;
}

/** Serves the page and its API on this machine. @throws WfError like `listenHttp` */
export async function startUi(context: UiContext, options: UiOptions): Promise<UiServer> {
  const { listen, origin } = options;
  const feeds = createFeeds(context);
  const fleetFeeds = createFleetFeeds(context.clock, context.fleet);
  const hosts = new Set<string>();
  const origins = new Set<string>();
  const app = createApp({
    context,
    access: {
      sessions: createSessions(options.key, options.instance, context.clock),
      hosts,
      origins,
      users: listen.type === 'loopback' ? options.users : null,
      allowActions: context.allowActions,
    },
    assets: readAssets(),
    feeds,
    fleetFeeds,
    metricsToken: options.metricsToken,
    isSecure: origin?.startsWith('https:') ?? false,
  });
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = await listenHttp(listen, (request, response) => listener(request, response));
  const own = originsOf(server, origin);
  for (const each of own) {
    origins.add(each);
    hosts.add(new URL(each).host);
  }
  return {
    url: `${own[0] ?? ''}${context.basePath}`,
    port: server.port,
    async close() {
      feeds.close();
      fleetFeeds.close();
      // Commands that act outlive the server; the answers of the others have no reader.
      context.commands.close();
      context.reports.close();
      await server.close();
    },
  };
}

/** Returns the origins of the page as browsers send them, without the port 80. The first is the one to open. */
export function originsOf({ port }: Pick<HttpServer, 'port'>, origin: string | null): readonly string[] {
  const own = port === null ? ['http://localhost'] : [`http://127.0.0.1:${port}`, `http://localhost:${port}`];
  return [...(origin === null ? [] : [origin]), ...own].map((each) => new URL(each).origin);
}
