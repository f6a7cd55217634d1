import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { type HttpServer, listenHttp2 } from '../../host/http/listen.ts';
import { directoryObject } from './directory-object.ts';
import { fleetObject } from './fleet-object.ts';
import { hostObject } from './host-object.ts';
import { loadSdk } from './load-sdk.ts';
import { HOST_OBJECT } from './messages.ts';
import { reasonOf } from './reason-of.ts';

/** The handlers of fleets, which Restate calls. */
export interface ServedHandlers {
  readonly port: number;
  /** Resolves once the calls under way have ended: Restate would retry them on these handlers alone, for ever. */
  close(): Promise<void>;
}

export interface ServeOptions {
  /** 0 for any free port. */
  readonly port: number;
  /** The address at which Restate calls the handlers, such as that of a load balancer; null for this port on 127.0.0.1. */
  readonly address: string | null;
  /** The admin API of Restate, with which the handlers are registered, such as `http://127.0.0.1:9070`. */
  readonly admin: string;
  /** Public keys of Restate, such as `publickeyv1_...`: requests that none of them signed are refused. If empty, all are accepted. */
  readonly identityKeys: readonly string[];
  /** Receives warnings and errors of the SDK, one line each. */
  readonly warn: (line: string) => void;
}

/** The path of long polls. They change nothing, and agents repeat them. */
const LONG_POLL = `/invoke/${HOST_OBJECT}/next`;

/**
 * Serves the handlers on 127.0.0.1, and registers them with Restate, which calls the last registered ones. A call stays with the address
 * at which it has begun.
 * @throws WfError E_TOOL_MISSING, E_ADDRESS_IN_USE, E_FLEET_UNREACHABLE
 */
export async function serveHandlers(given: ServeOptions): Promise<ServedHandlers> {
  const { port, address, admin, identityKeys, warn } = given;
  const sdk = await loadSdk();
  const handler = sdk.createEndpointHandler({
    services: [hostObject(sdk), fleetObject(sdk), directoryObject(sdk)],
    ...(identityKeys.length === 0 ? {} : { identityKeys: [...identityKeys] }),
    logger: ({ level }, ...words) => {
      if (level === 'error' || level === 'warn') warn(words.map(wordOf).join(' ').replaceAll('\n', ' '));
    },
  });
  const server: HttpServer = await listenHttp2(port, handler, (path) => path === LONG_POLL);
  try {
    await register(admin, address ?? `http://127.0.0.1:${server.port}`);
  } catch (thrown) {
    await server.close();
    throw thrown;
  }
  return { port: server.port ?? port, close: server.close };
}

const wordOf = (word: unknown): string =>
  word instanceof Error ? word.message : typeof word === 'string' ? word : JSON.stringify(word);

const problemSchema = z.object({ message: z.string() });

async function register(admin: string, uri: string): Promise<void> {
  let response: Response;
  try {
    response = await fetch(`${admin}/deployments`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ uri, force: true }),
      redirect: 'error',
    });
  } catch (thrown) {
    throw new WfError(
      'E_FLEET_UNREACHABLE',
      `the admin API of Restate at ${admin} cannot be reached: ${reasonOf(thrown)}`,
      {
        hint: 'Start Restate, or give its address with --admin.',
        cause: thrown,
      },
    );
  }
  const text = await response.text();
  if (response.ok) return;
  throw new WfError('E_FLEET_UNREACHABLE', `Restate at ${admin} does not accept the handlers: ${messageIn(text)}`, {
    hint: 'Restate 1.4 or newer is needed, and must reach 127.0.0.1 of this machine, or the address of --address.',
  });
}

function messageIn(text: string): string {
  try {
    return problemSchema.parse(JSON.parse(text)).message;
  } catch {
    return text.slice(0, 300);
  }
}
