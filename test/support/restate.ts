import { randomInt } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { arch } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { vi } from 'vitest';
import { atEndOfFile, folderOfFile } from './file-folder.ts';

/** A server of Restate on loopback, in a folder of its own. */
export interface Restate {
  /** Address of mailboxes and fleet runs. */
  readonly url: string;
  readonly admin: string;
  /** Kills it, and starts it again on the same data and ports. */
  restart(): Promise<void>;
  kill(): Promise<void>;
}

/** The package of this machine is an optional dependency of that of the server. */
const BINARY = createRequire(new URL('../servers/package.json', import.meta.url)).resolve(
  `@restatedev/restate-server-linux-${arch()}/bin/restate-server`,
);

const running = new Set<() => Promise<unknown>>();
atEndOfFile(async () => {
  for (const kill of running) await kill();
  running.clear();
});

/** Starts a server, which is killed after the last test of the file. */
export async function startRestate(): Promise<Restate> {
  const folder = mkdtempSync(path.join(folderOfFile(), 'restate-'));
  const [ingress, admin, node] = [await freePort(), await freePort(), await freePort()];
  const addresses = {
    RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
    RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
    RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`,
    RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${node}`,
  };
  const spawn = () =>
    execa(BINARY, ['--no-logo'], {
      cwd: folder,
      env: {
        ...addresses,
        RESTATE_BASE_DIR: path.join(folder, 'data'),
        RESTATE_NODE_NAME: 'wf-test',
        RESTATE_DISABLE_TELEMETRY: 'true',
        RESTATE_DEFAULT_NUM_PARTITIONS: '2',
        RESTATE_ROCKSDB_TOTAL_MEMORY_SIZE: '256MB',
        RESTATE_LISTEN_MODE: 'tcp',
        RESTATE_LOG_FILTER: 'warn',
        DO_NOT_TRACK: '1',
      },
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'ignore',
    });
  let child = spawn();
  const [url, adminUrl] = [`http://127.0.0.1:${ingress}`, `http://127.0.0.1:${admin}`];
  const ready = () =>
    vi.waitFor(
      async () => {
        for (const address of [`${adminUrl}/health`, `${url}/restate/health`]) {
          if (!(await fetch(address)).ok) throw new Error(`${address} is not ready`);
        }
      },
      { timeout: 30_000, interval: 50 },
    );
  const kill = async () => {
    child.kill('SIGKILL');
    await child;
  };
  running.add(kill);
  await ready();
  return {
    url,
    admin: adminUrl,
    kill,
    async restart() {
      await kill();
      child = spawn();
      await ready();
    },
  };
}

/**
 * Returns a port that is free now, and that the kernel gives to nobody who asks for any: it is still free when a killed server is started
 * again.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 30_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}
