import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import path from 'node:path';
import { WfError } from '../../engine/model/errors.ts';
import type { Services } from '../services/services.ts';
import { type Check, check, found, wrong } from './check.ts';

const MEBIBYTE = 1024 * 1024;
/** A run of the lab takes about 0.3 MiB; the reserve takes 2 and is created only if four times as much is free. */
const ROOM_BYTES = 8 * MEBIBYTE;

/** Checks of the database and its disk. */
export function databaseChecks(services: Services): readonly Check[] {
  const { database } = services.places;
  return [
    check('run', 'database', 'journals every change before wf makes it', async () => {
      const history = await services.historyForReading();
      if (history === undefined) return emptyPlace(database);
      const [newest] = history.runs({ limit: 1 });
      const last = newest === undefined ? 'no runs' : `newest run ${newest.id}`;
      return found(`${database} (${mebibytes(statSync(database).size)}, ${last})`);
    }),
    check(
      'advice',
      'disk space',
      'a full disk stops a run; a reserve beside the database allows its rollback',
      async () => {
        const folder = nearestFolder(path.dirname(database));
        const { bavail, bsize } = statfsSync(folder);
        const free = bavail * bsize;
        if (free < ROOM_BYTES) return wrong(littleRoom(folder, free));
        const isKept = existsSync(`${database}-reserve`);
        const reserve = isKept ? 'with a reserve' : 'the first run creates a reserve';
        return found(`${mebibytes(free)} free in ${folder}, ${reserve}`);
      },
    ),
  ];
}

function emptyPlace(database: string) {
  const folder = nearestFolder(path.dirname(database));
  try {
    accessSync(folder, constants.W_OK);
  } catch (cause) {
    return wrong(
      new WfError('E_DATABASE_READONLY', `cannot create ${database}: this user may not write to ${folder}`, {
        hint: 'Choose another file with --db or WF_DB, or run wf as the owner of the folder.',
        cause,
      }),
    );
  }
  return found(`${database}: the first run creates it`);
}

function littleRoom(folder: string, free: number): WfError {
  return new WfError('E_DISK_FULL', `only ${mebibytes(free)} are free in ${folder}`, {
    hint: 'Free some space there (list old runs with `wf prune --older-than 90d`), or choose another file with --db or WF_DB.',
  });
}

/** Returns the folder itself, or its nearest existing parent. */
function nearestFolder(folder: string): string {
  return existsSync(folder) || folder === path.dirname(folder) ? folder : nearestFolder(path.dirname(folder));
}

function mebibytes(bytes: number): string {
  const amount = bytes / MEBIBYTE;
  return `${amount < 10 ? amount.toFixed(1) : Math.round(amount)} MiB`;
}
