import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import path from 'node:path';
import { WfError } from '../../engine/model/errors.ts';
import type { Wire } from '../services/wire-types.ts';
import { type Check, check, found, orWrong, wrong } from './check.ts';

const MEBIBYTE = 1024 * 1024;
/** A run of the lab takes some 0.3 MiB; the reserve, which is only made where four times as much is free, 2. */
const ROOM_BYTES = 8 * MEBIBYTE;

/** Where runs are journaled, and whether that works. */
export function databaseChecks(wire: Wire): readonly Check[] {
  const { database } = wire.places;
  return [
    check('run', 'database', 'what is done is written there before it is done', () =>
      orWrong(async () => {
        const history = await wire.historyForReading();
        if (history === undefined) return emptyPlace(database);
        const [newest] = history.runs({ limit: 1 });
        const last = newest === undefined ? 'no run yet' : `newest run ${newest.id}`;
        return found(`${database} (${mebibytes(statSync(database).size)}, ${last})`);
      }),
    ),
    check(
      'advice',
      'disk space',
      'a full disk stops a run; a reserve beside the database is kept for its rollback',
      () =>
        orWrong(async () => {
          const folder = nearestFolder(path.dirname(database));
          const { bavail, bsize } = statfsSync(folder);
          const free = bavail * bsize;
          if (free < ROOM_BYTES) return wrong(littleRoom(folder, free));
          const isKept = existsSync(`${database}-reserve`);
          const reserve = isKept ? 'a reserve is kept' : 'a reserve is made when a run is started';
          return found(`${mebibytes(free)} free in ${folder}, ${reserve}`);
        }),
    ),
  ];
}

function emptyPlace(database: string) {
  const folder = nearestFolder(path.dirname(database));
  try {
    accessSync(folder, constants.W_OK);
  } catch (cause) {
    return wrong(
      new WfError('E_DATABASE_READONLY', `${database} cannot be made: ${folder} may not be written by this user`, {
        hint: 'Choose another file: `wf --db FILE ...`, or set WF_DB; or run wf as the user whose folder it is.',
        cause,
      }),
    );
  }
  return found(`${database}: the first run makes it`);
}

function littleRoom(folder: string, free: number): WfError {
  return new WfError('E_DISK_FULL', `only ${mebibytes(free)} are free in ${folder}`, {
    hint: 'Make room there (`df -h`; `wf prune --older-than 90d` shows which old runs can go), or choose another file with --db or WF_DB.',
  });
}

/** The folder itself, or the nearest above it that is there. */
function nearestFolder(folder: string): string {
  return existsSync(folder) || folder === path.dirname(folder) ? folder : nearestFolder(path.dirname(folder));
}

function mebibytes(bytes: number): string {
  const amount = bytes / MEBIBYTE;
  return `${amount < 10 ? amount.toFixed(1) : Math.round(amount)} MiB`;
}
