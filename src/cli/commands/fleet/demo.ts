import path from 'node:path';
import process from 'node:process';
import { type ExitCode, WfError } from '../../../engine/model/errors.ts';
import { DEMO_DATABASE, DEMO_SOCKET } from '../../../fleet/demo/start-demo.ts';
import { findSdk, SDK_PACKAGE } from '../../../fleet/restate/load-sdk.ts';
import { findRestateServer, SERVER_PACKAGE } from '../../../fleet/restate/restate-server.ts';
import { type Relay, relayToSocket } from '../../../host/http/relay.ts';
import {
  isInOwnNamespaces,
  type ProgramInNamespaces,
  startInNamespaces,
} from '../../../host/namespaces/own-namespaces.ts';
import { ownVariables } from '../../../host/processes/start-program.ts';
import { wfProgram } from '../../../library/program-files.ts';
import {
  namespacesRefused,
  needsUserNamespace,
  requireLinuxAndTools,
} from '../../../runtime/embedded/client/namespace-support.ts';
import { SAFE_DIRECTORY_VARIABLE } from '../../../trust/trusted-path.ts';
import { exitCodeOf, signalExitCode } from '../../output/errors/exit-code.ts';
import { type StopSignal, type Terminal, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';
import type { FleetOptions } from './fleet.ts';
import { DEMO_KEPT_VARIABLE, DEMO_SERVER_VARIABLE, runDemo } from './run-demo.ts';

/** Environment variables that the demo inherits: paths and terminal. */
const KEPT = ['PATH', 'HOME', 'XDG_CACHE_HOME', 'LANG', 'TERM', 'COLORTERM', 'NO_COLOR', 'FORCE_COLOR', 'WF_DEBUG'];

/**
 * `wf fleet demo`: changes three hosts, which are namespaces of this machine, and takes a change back from all of them. The command starts
 * itself again as the first process of new namespaces. The whole demo runs in these, and ends with this process, however that ends.
 */
export async function demoFleet(given: FleetOptions, services: Services, terminal: Terminal): Promise<ExitCode> {
  if (isInOwnNamespaces()) return runDemo(given, services, terminal);
  const { json, keep } = given;
  requireLinuxAndTools();
  const { server, sdk } = requireRestate();
  let program: ProgramInNamespaces | undefined;
  const relay = keep === true ? await relayToSocket(() => `/proc/${program?.pid()}/root${DEMO_SOCKET}`) : undefined;
  let stopped: StopSignal | undefined;
  const stop = (signal: StopSignal) => {
    stopped ??= signal;
    program?.stop();
  };
  const unlisten = [terminal.onStopSignal(stop, { runsWorkflowCode: false }), terminal.onHangup(() => stop('SIGTERM'))];
  try {
    program = startInNamespaces([wfProgram(), 'fleet', 'demo', ...(json ? ['--json'] : [])], {
      asRootOfUser: needsUserNamespace(),
      env: environment(server, sdk, relay),
    });
    const { hasBegun, exitCode, stderr } = await program.end;
    if (stopped === undefined && !hasBegun) throw namespacesRefused(stderr);
    terminal.err.write(stderr);
    if (!json) writeLines(terminal.out, ['The processes, namespaces, links and files of the demo are gone.']);
    return stopped === undefined ? exitCodeOf(exitCode) : signalExitCode(stopped);
  } finally {
    relay?.close();
    for (const end of unlisten) end();
  }
}

/** @throws WfError E_TOOL_MISSING, E_UNTRUSTED */
function requireRestate(): { readonly server: string; readonly sdk: string } {
  const [server, sdk] = [findRestateServer(process.cwd()), findSdk()];
  if (server !== undefined && sdk !== undefined) return { server, sdk };
  const missing = server === undefined ? 'the server of Restate' : 'the SDK of Restate';
  throw new WfError('E_TOOL_MISSING', `${missing} is not installed`, {
    hint: `Install both beside wf with \`npm install --ignore-scripts ${SERVER_PACKAGE} ${SDK_PACKAGE}\`.`,
  });
}

function environment(server: string, sdk: string, relay: Relay | undefined): NodeJS.ProcessEnv {
  // Checked here: in a user namespace, the files of root and of other users have the same owner id.
  const safe = [process.env[SAFE_DIRECTORY_VARIABLE] ?? '', path.dirname(sdk)].join(':');
  return {
    ...ownVariables(KEPT),
    [SAFE_DIRECTORY_VARIABLE]: safe,
    [DEMO_SERVER_VARIABLE]: server,
    WF_DB: DEMO_DATABASE,
    ...(relay === undefined ? {} : { [DEMO_KEPT_VARIABLE]: `http://127.0.0.1:${relay.port}` }),
  };
}
