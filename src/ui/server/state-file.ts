import { createHash, randomBytes } from 'node:crypto';
import { lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { ownerSchema } from '../../engine/model/identity/identity-schemas.ts';
import { privateFolder } from '../../trust/private-folder.ts';
import { ownUser } from '../../trust/users.ts';

const ONLY_OWNER = 0o600;
const GROUP_AND_OTHERS = 0o077;
const KEY_BYTES = 32;

/** A server of a database, as it registers itself. */
export type RegisteredServer = z.output<typeof serverSchema>;

const serverSchema = z.strictObject({
  owner: ownerSchema(),
  /** Different for each start of a server: links to an earlier one become invalid. */
  instance: z.string(),
  /** The address that people open, with the base path: `http://127.0.0.1:4270/wf`. */
  url: z.string(),
  /** Null for a Unix socket. */
  port: z.number().nullable(),
  /** Absolute path of the Unix socket; null for a port. */
  socket: z.string().nullable(),
  allowActions: z.boolean(),
  /** The address of a proxy; null if there is none. */
  origin: z.string().nullable(),
  /** Users whose processes may connect. */
  users: z.array(z.number()),
  /** The address of the fleet; null if it shows only copies. */
  fleet: z.string().nullable(),
  /** SHA-256 of the token for `/metrics`; null if there is none. */
  metricsToken: z.string().nullable(),
});

const stateSchema = z.strictObject({ key: z.base64(), server: serverSchema.nullable() });

/** The state that the servers of one database share: the key that signs cookies and links, and the running server. */
export interface UiState {
  readonly key: Buffer;
  readonly server: RegisteredServer | null;
}

/** A file that only this user can read. Without a private folder, the state is only in memory: sessions then end with the server. */
export interface UiStateFile {
  read(): UiState;
  register(server: RegisteredServer | null): void;
}

/** @param folder the user's state folder; undefined if the user has none */
export function uiStateFile(folder: string | undefined, database: string): UiStateFile {
  const own = folder === undefined ? undefined : privateFolder(path.join(folder, 'ui'));
  const name = createHash('sha256').update(path.resolve(database)).digest('hex').slice(0, 16);
  const file = own === undefined ? undefined : path.join(own, `${name}.json`);
  let known: UiState | undefined;

  function read(): UiState {
    const stored = file === undefined ? undefined : readState(file);
    known = stored ?? known ?? { key: randomBytes(KEY_BYTES), server: null };
    if (stored === undefined) write(known);
    return known;
  }

  function write(state: UiState): void {
    known = state;
    if (file === undefined) return;
    const temporary = `${file}.${process.pid}`;
    rmSync(temporary, { force: true });
    const text = JSON.stringify({ key: state.key.toString('base64'), server: state.server });
    writeFileSync(temporary, text, { mode: ONLY_OWNER, flag: 'wx' });
    renameSync(temporary, file);
  }

  return { read, register: (server) => write({ ...read(), server }) };
}

/** Returns undefined if there is no such file, if it is damaged, or if others could have written or read it. */
function readState(file: string): UiState | undefined {
  try {
    const found = lstatSync(file);
    if (!found.isFile() || found.uid !== ownUser() || (found.mode & GROUP_AND_OTHERS) !== 0) return undefined;
    const { key, server } = stateSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    const bytes = Buffer.from(key, 'base64');
    return bytes.length === KEY_BYTES ? { key: bytes, server } : undefined;
  } catch {
    // Only sessions are lost: `read` creates a new state.
    return undefined;
  }
}
