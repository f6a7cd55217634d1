import { createHash, randomBytes } from 'node:crypto';
import path from 'node:path';
import process from 'node:process';
import { asWfError, WfError } from '../../engine/model/errors.ts';
import type { History } from '../../history/history.ts';
import type { ListenAddress } from '../../host/http/listen.ts';
import { stateFolder } from '../../host/machine/user-folders.ts';
import { ownProcess } from '../../host/processes/process.ts';
import { startWfCommand } from '../../library/commands/wf-command.ts';
import { version } from '../../library/version.ts';
import { createCommands } from '../../ui/commands/commands.ts';
import { createWorkflowCatalog } from '../../ui/commands/workflow-catalog.ts';
import { linkToken } from '../../ui/server/sessions.ts';
import { startUi, type UiServer } from '../../ui/server/start-ui.ts';
import { type RegisteredServer, uiStateFile } from '../../ui/server/state-file.ts';
import type { UiContext } from '../../ui/server/ui-context.ts';
import { createReports } from '../../ui/views/reports.ts';
import type { Services } from '../services/services.ts';
import { historySource } from './history-source.ts';
import { servedMetrics } from './served-metrics.ts';
import type { AskedUi } from './ui-options.ts';

/** Default port of the first server on a machine. */
const USUAL_PORT = 4270;

/** A server of the page, of this or another process. */
export interface ServedUi {
  readonly pid: number;
  readonly url: string;
  /** Signs in one browser within ten minutes. */
  readonly link: string;
  /** Undefined if another process serves the page. */
  readonly server: UiServer | undefined;
}

/**
 * Serves the page of a database, or returns a link to its running server.
 * @param written the history to which this process commits, for its metrics
 * @throws WfError E_UI_RUNNING if the running server has other options
 */
export async function serveUi(asked: AskedUi, services: Services, written?: History): Promise<ServedUi> {
  const { clock, isAlive, places } = services;
  const state = uiStateFile(stateFolder(process.env), places.database);
  const { key, server: other } = state.read();
  if (other !== null && isAlive(other.owner)) {
    requireSame(other, asked);
    return { pid: other.owner.pid, url: other.url, link: linkTo(other, key, clock.now()), server: undefined };
  }
  const { allowActions, basePath } = asked;
  const history = historySource(services);
  const metrics = servedMetrics(history, written, services);
  // Metrics count from the start of the server.
  if (asked.metricsToken !== null) await metrics();
  const command: UiContext['command'] = (argv, stdin) =>
    startWfCommand({
      argv,
      database: places.database,
      ...(stdin === undefined ? {} : { stdin: JSON.stringify(stdin) }),
    });
  const commands = createCommands(command, clock);
  const context: UiContext = {
    database: places.database,
    namedDatabase: places.namedDatabase,
    version,
    clock,
    isAlive,
    history,
    metrics,
    pidNamespace: services.pidNamespace,
    command,
    commands,
    catalog: createWorkflowCatalog(commands, clock),
    fleet: asked.fleet,
    reports: createReports(command, clock),
    allowActions,
    basePath,
  };
  const instance = randomBytes(12).toString('base64url');
  const options = { origin: asked.origin, users: asked.users, metricsToken: asked.metricsToken, key, instance };
  const server = await firstThatListens(addressesOf(asked, other), (listen) =>
    startUi(context, { ...options, listen }),
  );
  const own: RegisteredServer = {
    ...{ owner: ownProcess(), instance, url: server.url, port: server.port, allowActions, origin: asked.origin },
    socket: socketOf(asked),
    users: [...asked.users],
    fleet: asked.fleet?.url ?? null,
    metricsToken: digestOf(asked.metricsToken),
  };
  state.register(own);
  return {
    pid: own.owner.pid,
    url: own.url,
    link: linkTo(own, key, clock.now()),
    server,
  };
}

function socketOf({ listen }: AskedUi): string | null {
  return listen?.type === 'socket' ? path.resolve(listen.file) : null;
}

function digestOf(token: string | null): string | null {
  return token === null ? null : createHash('sha256').update(token).digest('hex');
}

function linkTo({ url, instance }: RegisteredServer, key: Buffer, now: number): string {
  return `${url}/#token=${linkToken(key, instance, now)}`;
}

/** Returns the addresses to try: the chosen one, or the last server's port, so that open pages keep working, the usual port, any port. */
function addressesOf({ listen }: AskedUi, last: RegisteredServer | null): readonly ListenAddress[] {
  if (listen !== null) return [listen];
  const ports = [...(last?.port ? [last.port] : []), USUAL_PORT, 0];
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

/** Refuses options that differ from those of the server. --allow-actions must match even if absent: it decides what the link permits. */
function requireSame(other: RegisteredServer, asked: AskedUi): void {
  const { pid } = other.owner;
  const { allowActions, listen, basePath, origin, allowed, fleet, metricsToken } = asked;
  const hasOtherPort = listen?.type === 'loopback' && listen.port !== 0 && listen.port !== other.port;
  const hasOtherSocket = listen?.type === 'socket' && socketOf(asked) !== other.socket;
  const hasOtherPath = basePath !== '' && new URL(other.url).pathname !== basePath;
  const hasOtherUsers = allowed.some((user) => !other.users.includes(user));
  const differs = [
    ...(other.allowActions === allowActions ? [] : [`${allowActions ? 'without' : 'with'} --allow-actions`]),
    ...(hasOtherPort || hasOtherSocket || hasOtherPath ? [`at ${other.socket ?? other.url}`] : []),
    ...(origin !== null && origin !== other.origin ? ['with another --origin'] : []),
    ...(hasOtherUsers ? ['with other users in --allow-user'] : []),
    ...(fleet !== null && fleet.url !== other.fleet ? ['with another --fleet'] : []),
    ...(metricsToken !== null && digestOf(metricsToken) !== other.metricsToken ? ['with another --metrics-token'] : []),
  ];
  if (differs.length === 0) return;
  throw new WfError('E_UI_RUNNING', `process ${pid} serves the page already, ${differs.join(' and ')}`, {
    hint: `Stop it with \`kill ${pid}\`, or run the command with its options for another link.`,
    details: { pid },
  });
}
