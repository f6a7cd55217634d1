import { createPublicKey } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { vi } from 'vitest';
import { serverSettings } from '../../../src/fleet/restate/restate-server.ts';
import { atEndOfFile, folderOfFile } from '../host/file-folder.ts';
import { freePort } from '../host/free-port.ts';

/** A server of Restate on loopback, in a folder of its own. */
export interface Restate {
  /** Address of mailboxes and fleet runs. */
  readonly url: string;
  readonly admin: string;
  /** All that it stores is below it. */
  readonly folder: string;
  /** Kills it, and starts it again on the same data and ports. */
  restart(): Promise<void>;
  kill(): Promise<void>;
}

/** A server of a cluster. */
export interface RestateNode extends Restate {
  /** Its address for the others. */
  readonly peer: string;
  start(settings?: Readonly<Record<string, string>>): Promise<void>;
}

/** The folder of the servers for tests. */
export const SERVERS = fileURLToPath(new URL('../../servers', import.meta.url));
/** The package of this machine is an optional dependency of that of the server. */
export const SERVER_BINARY = createRequire(path.join(SERVERS, 'package.json')).resolve(
  `@restatedev/restate-server-linux-${arch()}/bin/restate-server`,
);

const running = new Set<() => Promise<unknown>>();
atEndOfFile(async () => {
  for (const kill of running) await kill();
  running.clear();
});

/** Starts a server, which is killed after the last test of the file. @param settings more of its environment */
export async function startRestate({ address = '127.0.0.1', settings = {} } = {}): Promise<Restate> {
  const node = await openNode('wf', address);
  await node.start(settings);
  return node;
}

/** Starts a cluster on loopback, which is killed after the last test of the file. */
export async function startCluster(): Promise<readonly RestateNode[]> {
  const nodes = await Promise.all(['wf1', 'wf2', 'wf3'].map((name) => openNode(name, '127.0.0.1')));
  const [first, ...others] = nodes;
  if (first === undefined) throw new Error('no node');
  const settings = {
    RESTATE_CLUSTER_NAME: 'wf-test',
    RESTATE_DEFAULT_REPLICATION: '2',
    RESTATE_METADATA_CLIENT__ADDRESSES: JSON.stringify(nodes.map(({ peer }) => peer)),
  };
  await Promise.all([
    first.start({ ...settings, RESTATE_AUTO_PROVISION: 'true' }),
    ...others.map((node) => node.start({ ...settings, RESTATE_AUTO_PROVISION: 'false' })),
  ]);
  return nodes;
}

async function openNode(name: string, address: string): Promise<RestateNode> {
  const folder = mkdtempSync(path.join(folderOfFile(), 'restate-'));
  const [ingress, admin, node] = [await freePort(), await freePort(), await freePort()];
  const settings = serverSettings(folder, {
    ingress: `${address}:${ingress}`,
    admin: `127.0.0.1:${admin}`,
    node: `127.0.0.1:${node}`,
  });
  const [url, adminUrl] = [`http://${address}:${ingress}`, `http://127.0.0.1:${admin}`];
  let more: Readonly<Record<string, string>> = {};
  let child: ReturnType<typeof spawn> | undefined;
  const spawn = () =>
    execa(SERVER_BINARY, ['--no-logo'], {
      cwd: folder,
      env: {
        ...settings,
        RESTATE_NODE_NAME: name,
        RESTATE_LISTEN_MODE: 'tcp',
        // Tests search its files.
        RESTATE_ROCKSDB_DISABLE_WAL_COMPRESSION: 'true',
        RESTATE_ROCKSDB_DISABLE_L0_L1_COMPRESSION: 'true',
        ...more,
      },
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'ignore',
    });
  const ready = () =>
    vi.waitFor(
      async () => {
        for (const health of [`${adminUrl}/health`, `${url}/restate/health`]) {
          if (!(await fetch(health)).ok) throw new Error(`${health} is not ready`);
        }
      },
      { timeout: 60_000, interval: 50 },
    );
  const kill = async () => {
    child?.kill('SIGKILL');
    await child;
  };
  running.add(kill);
  return {
    url,
    admin: adminUrl,
    peer: `http://127.0.0.1:${node}`,
    folder,
    kill,
    async start(given = {}) {
      more = given;
      child = spawn();
      await ready();
    },
    async restart() {
      await kill();
      child = spawn();
      await ready();
    },
  };
}

/** Returns the public key of a private one, as Restate prints it: `kid`. @param file an ed25519 key in PEM */
export function identityKeyOf(file: string): string {
  const { x = '' } = createPublicKey(readFileSync(file)).export({ format: 'jwk' });
  let number = BigInt(`0x${Buffer.from(x, 'base64url').toString('hex')}`);
  let text = '';
  for (; number > 0n; number /= 58n) text = BASE58.charAt(Number(number % 58n)) + text;
  return `publickeyv1_${text}`;
}

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
