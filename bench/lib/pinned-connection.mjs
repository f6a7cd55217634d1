// The connection of wf itself, as a database of better-sqlite3.
import { createJiti } from 'jiti';

const jiti = createJiti(import.meta.url, { fsCache: false });
export const { PinnedConnection } = await jiti.import('../../src/sqlite/pinned-connection.ts');
