// Fleets of the peer, DBOS on PostgreSQL.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { newFolder } from './measure.mjs';
import { findPostgres, startPostgres } from './postgres.mjs';
import { killed, started } from './programs.mjs';
import { freePort } from './restate.mjs';

const PEERS = fileURLToPath(new URL('../peers', import.meta.url));
const ORCHESTRATOR = path.join(PEERS, 'dbos-fleet.mjs');
const PACKAGE = path.join(PEERS, 'node_modules/@dbos-inc/dbos-sdk');
/** The delay between two polls of a fleet run; that of `wf fleet start` is 0.2 s, rising to 1 s. */
const POLL_MS = 500;

/** Returns a message that names the missing package; undefined if none is missing. */
export function missingForDbos() {
  if (!existsSync(PACKAGE)) return '`npm ci --prefix bench/peers` installs DBOS';
  return findPostgres() === undefined ? 'PostgreSQL of Debian is not installed' : undefined;
}

/** Starts a server of PostgreSQL, and the orchestrator. */
export async function fleetOnDbos() {
  const folder = newFolder();
  const postgres = await startPostgres(folder);
  const port = String(await freePort());
  const url = `http://127.0.0.1:${port}`;
  const serve = () => started([ORCHESTRATOR, postgres.urlFile, port], folder, 'serving');
  let orchestrator = await serve();

  async function call(to, body) {
    const response = await fetch(`${url}/${to}`, { method: 'POST', body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${to}: HTTP ${response.status} ${await response.text()}`);
    return response.json();
  }

  return {
    name: 'DBOS on PostgreSQL',
    url,
    /** Returns the process ids of each piece. */
    pieces: () => ({ PostgreSQL: postgres.pids(), orchestrator: [orchestrator.pid] }),
    /** Runs a fleet, and returns the record of the run. */
    async run(id, hosts, { canary, atOnce }) {
      await call(`fleet/${id}/start`, { hosts, canary, atOnce });
      for (;;) {
        await pause(POLL_MS);
        if (orchestrator.exitCode !== null) throw new Error('the orchestrator has ended');
        // The orchestrator cannot be reached after a kill.
        const { status, record } = await call(`fleet/${id}/show`).catch(() => ({ status: 'unknown' }));
        if (status === 'SUCCESS') return record;
        if (status === 'ERROR') throw new Error(`fleet run ${id} has failed`);
      }
    },
    kills: {
      PostgreSQL: async () => {
        await postgres.kill();
        await postgres.start();
      },
      'the orchestrator': async () => {
        await killed(orchestrator);
        orchestrator = await serve();
      },
    },
  };
}
