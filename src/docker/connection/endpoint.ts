// Imported by name, so that Node loads this part lazily.
import { promises } from 'node:fs';
import { join } from 'node:path';
import { WfError } from '../../engine/model/errors.ts';
import { homeFolder } from '../../host/machine/user-folders.ts';
import { contextEndpoint, selectedContext } from './context-store.ts';

/** Keys and certificates of a TLS connection, in PEM. */
export interface TlsMaterial {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Address of an engine, and the setting that contains it. */
export type Endpoint =
  | {
      readonly type: 'unix';
      readonly path: string;
      readonly description: string;
      /** Returns the error for an engine that has ended for good and whose path may lead elsewhere; undefined if it has not. */
      gone?(): WfError | undefined;
    }
  | {
      readonly type: 'tcp';
      readonly host: string;
      readonly port: number;
      readonly tls: TlsMaterial | null;
      readonly description: string;
    };

export type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_SOCKET = '/var/run/docker.sock';
const SUPPORTED = 'unix:///var/run/docker.sock or tcp://HOST:PORT';

/**
 * Finds the engine as the docker client does: DOCKER_HOST, then DOCKER_CONTEXT, then the current context of the client's
 * config.json, then the default socket.
 * @throws WfError E_DOCKER_UNREACHABLE, naming the setting, if it leads nowhere.
 */
export async function findEndpoint(env: Environment): Promise<Endpoint> {
  const configured = env['DOCKER_HOST'];
  if (configured !== undefined && configured !== '') {
    return parseEndpoint(configured, 'DOCKER_HOST', await environmentTls(env));
  }
  const configDirectory = env['DOCKER_CONFIG'] || join(env['HOME'] || homeFolder(), '.docker');
  const context = await selectedContext(env, configDirectory);
  if (context === null) {
    return { type: 'unix', path: DEFAULT_SOCKET, description: `unix://${DEFAULT_SOCKET} (default)` };
  }
  const { address, tls } = await contextEndpoint(context, configDirectory);
  return parseEndpoint(address, `context ${context.name}, ${context.selectedBy}`, tls);
}

/** Parses an address such as `unix:///run/docker.sock`. `source` names the setting. */
function parseEndpoint(address: string, source: string, tls: TlsMaterial | null = null): Endpoint {
  const description = `${address} (${source})`;
  if (address.startsWith('unix://')) {
    const path = address.slice('unix://'.length) || DEFAULT_SOCKET;
    if (!path.startsWith('/')) throw malformed(address, source);
    return { type: 'unix', path, description };
  }
  const url = parseUrl(address.includes('://') ? address : `tcp://${address}`);
  if (url === undefined || url.hostname === '') throw malformed(address, source);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  switch (url.protocol) {
    case 'tcp:':
    case 'http:':
      return { type: 'tcp', host, port: portOf(url, tls === null ? 2375 : 2376), tls, description };
    case 'ssh:':
      throw overSsh(address, source);
    default:
      throw malformed(address, source);
  }
}

/** Returns the error for an engine over SSH: its networks would be on the remote machine, where wf cannot observe them. */
function overSsh(address: string, source: string): WfError {
  return new WfError('E_DOCKER_UNREACHABLE', `${source} is "${address}": wf does not support Docker engines over SSH`, {
    hint: 'Run wf on that machine; or forward the socket with `ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock USER@HOST` and set DOCKER_HOST=unix:///tmp/docker.sock.',
    details: { address, source },
  });
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

function portOf(url: URL, fallback: number): number {
  return url.port === '' ? fallback : Number(url.port);
}

function malformed(address: string, source: string): WfError {
  return new WfError('E_DOCKER_UNREACHABLE', `${source} is "${address}", which is not the address of a Docker engine`, {
    hint: `Set it to ${SUPPORTED}, or unset it to use unix://${DEFAULT_SOCKET}.`,
    details: { address, source },
  });
}

async function environmentTls(env: Environment): Promise<TlsMaterial | null> {
  if ((env['DOCKER_TLS_VERIFY'] ?? '') === '') return null;
  const directory = env['DOCKER_CERT_PATH'] || join(env['HOME'] || homeFolder(), '.docker');
  try {
    const [ca, cert, key] = await Promise.all(
      ['ca.pem', 'cert.pem', 'key.pem'].map((file) => promises.readFile(join(directory, file), 'utf8')),
    );
    if (ca === undefined || cert === undefined || key === undefined) throw new Error('a file is missing');
    return { ca, cert, key };
  } catch (cause) {
    throw new WfError(
      'E_DOCKER_UNREACHABLE',
      `DOCKER_TLS_VERIFY is set, and ca.pem, cert.pem or key.pem cannot be read from ${directory}`,
      { hint: 'Set DOCKER_CERT_PATH to the directory that has them, or unset DOCKER_TLS_VERIFY.', cause },
    );
  }
}
