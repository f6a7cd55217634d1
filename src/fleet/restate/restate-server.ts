import { mkdirSync } from 'node:fs';
import { arch } from 'node:os';
import path from 'node:path';
import { WfError } from '../../engine/model/errors.ts';
import { type Clock, pause } from '../../engine/ports/clock.ts';
import { findTool } from '../../host/commands/find-tool.ts';
import { startProgram } from '../../host/processes/start-program.ts';
import { findInPackage } from '../../trust/optional-package.ts';

const PACKAGE = '@restatedev/restate-server';
/** For the package.json of a project, or a command. */
export const SERVER_PACKAGE = `${PACKAGE}@1.7`;

const CHECK_MS = 50;

/**
 * Returns the program of a Restate server: from a package beside wf, in the folder or above it, or else from PATH; undefined if there is
 * none.
 * @throws WfError E_UNTRUSTED if another user could have written it
 */
export function findRestateServer(folder: string): string | undefined {
  for (const from of [folder, undefined]) {
    const found = findInPackage(`${PACKAGE}/package.json`, from);
    // The binary for this machine is in a dependency of the package.
    const program = found && findInPackage(`${PACKAGE}-linux-${arch()}/bin/restate-server`, path.dirname(found));
    if (program !== undefined) return program;
  }
  return findTool('restate-server');
}

/** Addresses on which a server listens, such as `10.77.0.1:8080`. */
export interface ServerAddresses {
  readonly ingress: string;
  readonly admin: string;
  /** The address for other servers. */
  readonly node: string;
}

const NODE_NAME = 'wf';

/** Returns the Unix socket of the ingress of a server in this folder. */
export const ingressSocket = (folder: string): string => path.join(folder, 'data', NODE_NAME, 'ingress.sock');

/** Returns the settings of a separate server, which ignores the files and variables of the user. */
export function serverSettings(folder: string, { ingress, admin, node }: ServerAddresses): Record<string, string> {
  return {
    RESTATE_INGRESS__BIND_ADDRESS: ingress,
    RESTATE_ADMIN__BIND_ADDRESS: admin,
    RESTATE_BIND_ADDRESS: node,
    RESTATE_ADVERTISED_ADDRESS: `http://${node}`,
    RESTATE_BASE_DIR: path.join(folder, 'data'),
    RESTATE_NODE_NAME: NODE_NAME,
    RESTATE_DISABLE_TELEMETRY: 'true',
    RESTATE_DEFAULT_NUM_PARTITIONS: '2',
    RESTATE_ROCKSDB_TOTAL_MEMORY_SIZE: '256MB',
    RESTATE_LOG_FILTER: 'warn',
    DO_NOT_TRACK: '1',
    // A killed server leaves folders there.
    TMPDIR: folder,
  };
}

/** Starts a server, and resolves once it answers. @throws WfError E_FLEET_UNREACHABLE if it ends before */
export async function startRestateServer(
  program: string,
  { folder, addresses, clock }: { readonly folder: string; readonly addresses: ServerAddresses; readonly clock: Clock },
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const server = startProgram([program, '--no-logo'], {
    cwd: folder,
    env: serverSettings(folder, addresses),
    log: path.join(folder, 'log'),
  });
  const ended = server.end.then((output) => {
    throw new WfError('E_FLEET_UNREACHABLE', `the Restate server has ended: ${output}`, {
      hint: `Run ${program} by hand, and fix the error that it reports.`,
    });
  });
  ended.catch(() => undefined);
  const health = [`http://${addresses.admin}/health`, `http://${addresses.ingress}/restate/health`];
  while (!(await Promise.all(health.map(isOk))).every(Boolean)) await Promise.race([pause(clock, CHECK_MS), ended]);
}

async function isOk(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    // It does not listen yet.
    return false;
  }
}
