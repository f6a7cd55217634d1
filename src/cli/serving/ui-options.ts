import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import type { ListenAddress } from '../../host/http/listen.ts';
import { userNumber } from '../../host/machine/user-number.ts';
import { requireTrusted } from '../../trust/trusted-path.ts';
import { trustedUsers } from '../../trust/users.ts';
import type { PageFleet } from '../../ui/server/ui-context.ts';

/** Options of the page, wherever it is served. */
export const uiOptions = z.object({
  port: z.number().optional(),
  socket: z.string().min(1).optional(),
  allowActions: z.boolean().default(false),
  basePath: z.string().default(''),
  origin: z.string().optional(),
  allowUser: z.array(z.string()).default([]),
  metricsToken: z.string().optional(),
});
export type UiGiven = z.output<typeof uiOptions>;

/** The requested page. */
export interface AskedUi {
  /** Null: the port of the last server of the database, or any free one. */
  readonly listen: ListenAddress | null;
  readonly basePath: string;
  readonly origin: string | null;
  /** Users whose processes may connect to the port. */
  readonly users: ReadonlySet<number>;
  /** The users of `--allow-user`. */
  readonly allowed: readonly number[];
  readonly allowActions: boolean;
  /** Null: the page shows only copies of fleet runs. */
  readonly fleet: PageFleet | null;
  /** Null: `/metrics` is not served. */
  readonly metricsToken: string | null;
}

const BASE_PATH = /^(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$/;

/** @throws WfError E_USAGE */
export function askedUi({ port, socket, allowActions, basePath, origin, allowUser, metricsToken }: UiGiven): AskedUi {
  if (port !== undefined && socket !== undefined)
    throw new WfError('E_USAGE', '--port and --socket exclude each other', { hint: 'Specify one of the two.' });
  if (port !== undefined && port > 65_535) throw invalid('--port', String(port), 'Give a number from 0 to 65535.');
  const allowed = allowUser.map(userOf);
  const below = basePath.replace(/\/$/, '');
  if (below !== '' && !BASE_PATH.test(below)) throw invalid('--base-path', basePath, 'Give a path such as /wf.');
  return {
    listen:
      socket === undefined
        ? port === undefined
          ? null
          : { type: 'loopback', port }
        : { type: 'socket', file: socket },
    basePath: below,
    origin: origin === undefined ? null : originOf(origin),
    // Root may connect anyway. For root, the caller of sudo is the person at the browser.
    users: new Set([...trustedUsers(), ...allowed]),
    allowed,
    allowActions,
    fleet: null,
    metricsToken: metricsToken === undefined ? null : tokenIn(metricsToken),
  };
}

function originOf(given: string): string {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    url.pathname === '/' &&
    url.search === '' &&
    url.hash === ''
  )
    return url.origin;
  throw invalid('--origin', given, 'Give a scheme and a host, as in https://wf.example.com; the path is --base-path.');
}

function userOf(name: string): number {
  const user = userNumber(name);
  if (user !== undefined) return user;
  throw invalid('--allow-user', name, 'Give the name of a user in /etc/passwd, or a number.');
}

/** Reads the token from a file that no other user could have written. @throws WfError E_UNTRUSTED */
function tokenIn(file: string): string {
  requireTrusted(file, 'the file of --metrics-token');
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (thrown) {
    throw invalid('--metrics-token', file, `Make the file readable: ${thrown instanceof Error ? thrown.message : ''}`);
  }
  if (/^[\x21-\x7e]{16,500}$/.test(text)) return text;
  throw invalid(
    '--metrics-token',
    file,
    'Write one word of 16 to 500 characters into the file, such as `openssl rand -hex 32` prints.',
  );
}

function invalid(option: string, given: string, hint: string): WfError {
  return new WfError('E_USAGE', `${option} ${given}: not valid`, { hint });
}

/** Returns the options of the page as arguments of a command line. */
export function uiArguments({
  port,
  socket,
  allowActions,
  basePath,
  origin,
  allowUser,
  metricsToken,
}: UiGiven): readonly string[] {
  return [
    ...(port === undefined ? [] : [`--port=${port}`]),
    ...(socket === undefined ? [] : [`--socket=${path.resolve(socket)}`]),
    ...(allowActions ? ['--allow-actions'] : []),
    ...(basePath === '' ? [] : [`--base-path=${basePath}`]),
    ...(origin === undefined ? [] : [`--origin=${origin}`]),
    ...allowUser.map((user) => `--allow-user=${user}`),
    ...(metricsToken === undefined ? [] : [`--metrics-token=${path.resolve(metricsToken)}`]),
  ];
}
