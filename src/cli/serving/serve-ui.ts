import { randomBytes } from 'node:crypto';
import process from 'node:process';
import { asWfError, WfError } from '../../engine/model/errors.ts';
import type { ListenAddress } from '../../host/http/listen.ts';
import { stateFolder } from '../../host/machine/user-folders.ts';
import { ownProcess } from '../../host/processes/process.ts';
import { startWfCommand } from '../../library/wf-command.ts';
import { linkToken } from '../../ui/server/sessions.ts';
import { startUi, type UiServer } from '../../ui/server/start-ui.ts';
import { type RegisteredServer, uiStateFile } from '../../ui/server/state-file.ts';
import type { UiContext } from '../../ui/server/ui-context.ts';
import { createReports } from '../../ui/views/reports.ts';
import type { Services } from '../services/services.ts';
import { historySource } from './history-source.ts';
import type { AskedUi } from './ui-options.ts';

/** The port of the first server of a machine. */
const USUAL_PORT = 4270;

/** A server of the page, of this or another process. */
export interface ServedUi {
  readonly pid: number;
  readonly url: string;
  /** Signs one browser in, within ten minutes. */
  readonly link: string;
  /** Undefined if another process serves the page. */
  readonly server: UiServer | undefined;
}

/**
 * Serves the page of a database, or returns a link to the server that runs already.
 * @throws WfError E_UI_RUNNING if that one was started with other options
 */
export async function serveUi(asked: AskedUi, services: Services): Promise<ServedUi> {
  const { clock, isAlive, places } = services;
  const state = uiStateFile(stateFolder(process.env), places.database);
  const { key, server: other } = state.read();
  if (other !== null && isAlive(other.owner)) {
    requireSame(other, asked);
    return { pid: other.owner.pid, url: other.url, link: linkTo(other, key, clock.now()), server: undefined };
  }
  const { allowActions, basePath } = asked;
  const command: UiContext['command'] = (argv, stdin) =>
    startWfCommand({
      argv,
      database: places.database,
      ...(stdin === undefined ? {} : { stdin: JSON.stringify(stdin) }),
    });
  const context: UiContext = {
    database: places.database,
    namedDatabase: places.namedDatabase,
    version: services.version,
    clock,
    isAlive,
    history: historySource(services),
    command,
    reports: createReports(command, clock),
    allowActions,
    basePath,
  };
  const instance = randomBytes(12).toString('base64url');
  const options = { origin: asked.origin, users: asked.users, key, instance };
  const server = await firstThatListens(addressesOf(asked, other), (listen) =>
    startUi(context, { ...options, listen }),
  );
  const own = { owner: ownProcess(), instance, url: server.url, allowActions };
  state.register(own);
  return {
    pid: own.owner.pid,
    url: own.url,
    link: linkTo(own, key, clock.now()),
    server,
  };
}

function linkTo({ url, instance }: RegisteredServer, key: Buffer, now: number): string {
  return `${url}/#token=${linkToken(key, instance, now)}`;
}

/** Without a chosen address: that of the last server, so that open pages continue; then the usual port; then any. */
function addressesOf({ listen }: AskedUi, last: RegisteredServer | null): readonly ListenAddress[] {
  if (listen !== null) return [listen];
  const port = last === null ? Number.NaN : Number(new URL(last.url).port);
  const ports = [...(port > 0 ? [port] : []), USUAL_PORT, 0];
  return ports.map((each) => ({ type: 'loopback', port: each }));
}

async function firstThatListens(
  addresses: readonly ListenAddress[],
  start: (address: ListenAddress) => Promise<UiServer>,
): Promise<UiServer> {
  const [address, ...others] = addresses;
  if (address === undefined) throw new WfError('E_INTERNAL', 'no address to listen on', { hint: 'Report this.' });
  try {
    return await start(address);
  } catch (thrown) {
    if (asWfError(thrown).code !== 'E_ADDRESS_IN_USE' || others.length === 0) throw thrown;
    return firstThatListens(others, start);
  }
}

function requireSame(other: RegisteredServer, { allowActions, listen, basePath }: AskedUi): void {
  const isOther = listen !== null && !(listen.type === 'loopback' && new URL(other.url).port === String(listen.port));
  const differs =
    other.allowActions !== allowActions
      ? `with${other.allowActions ? '' : 'out'} --allow-actions`
      : isOther || !other.url.endsWith(basePath)
        ? `at ${other.url}`
        : undefined;
  if (differs === undefined) return;
  throw new WfError('E_UI_RUNNING', `process ${other.owner.pid} serves the page already, ${differs}`, {
    hint: `Stop it with \`kill ${other.owner.pid}\`, or run the command with the same options for another link.`,
    details: { pid: other.owner.pid },
  });
}
