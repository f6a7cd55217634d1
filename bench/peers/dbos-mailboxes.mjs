// Mailboxes of hosts in PostgreSQL, with the messages and the long polls of those of wf.
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';

/** The same times as in wf: of a long poll, of a silent session. */
const POLL_MS = 20_000;
const SESSION = "interval '45 seconds'";
const LOOK_AGAIN_MS = 100;

const TABLES = `
  CREATE TABLE IF NOT EXISTS mailbox (host text PRIMARY KEY, session text NOT NULL, agent text NOT NULL, seen_at timestamptz NOT NULL);
  CREATE TABLE IF NOT EXISTS item (seq bigserial PRIMARY KEY, id text UNIQUE NOT NULL, host text NOT NULL, body jsonb NOT NULL);
  CREATE INDEX IF NOT EXISTS item_of_host ON item (host, seq);
`;
const OPEN = `
  INSERT INTO mailbox AS old VALUES ($1, $2, $3, now()) ON CONFLICT (host) DO UPDATE SET session = $2, agent = $3, seen_at = now()
  WHERE old.agent = $3 OR old.seen_at < now() - ${SESSION} RETURNING host`;
const FIRST = 'SELECT body FROM item WHERE host = $1 ORDER BY seq LIMIT 1';
const HEARD = `UPDATE mailbox SET seen_at = now() WHERE host = $1 AND session = $2 RETURNING (${FIRST})`;
const OFFER = `
  WITH offered AS (
    INSERT INTO item (id, host, body) SELECT id, host, body FROM unnest($1::text[], $2::text[], $3::jsonb[]) AS given (id, host, body)
    ON CONFLICT (id) DO NOTHING RETURNING host
  ) SELECT pg_notify('mailbox', host) FROM offered`;
const TAKE = `
  DELETE FROM item USING mailbox WHERE item.id = $1 AND item.host = $2 AND mailbox.host = $2 AND mailbox.session = $3
  RETURNING item.body ->> 'fleet' AS fleet`;

/** @param send sends an answer to its fleet run, in the transaction that takes the item out of the mailbox */
export async function openMailboxes(pool, databaseUrl, send) {
  await pool.query(TABLES);
  const waiters = await openWaiters(databaseUrl);
  return {
    async open(host, { session, agent }) {
      const { rowCount } = await pool.query(OPEN, [host, session, agent]);
      return rowCount === 1 ? { type: 'opened' } : { type: 'held', seenAt: null };
    },

    /** Returns the first item once it is another one than the current one; `unchanged` after a while. */
    async next(host, { session, current }) {
      const news = waiters.wait(host);
      try {
        const { rows } = await pool.query(HEARD, [host, session]);
        if (rows.length === 0) return { type: 'held' };
        const item = rows[0].body ?? null;
        if ((item?.id ?? null) !== current) return { type: 'head', item };
        if (!(await news.within(POLL_MS))) return { type: 'unchanged' };
        const after = await pool.query(FIRST, [host]);
        return { type: 'head', item: after.rows[0]?.body ?? null };
      } finally {
        news.stop();
      }
    },

    /** Puts items into mailboxes, those that are there already not again. */
    offer: (items) =>
      pool
        .query(OFFER, [
          items.map(({ body }) => body.id),
          items.map(({ host }) => host),
          items.map(({ body }) => JSON.stringify(body)),
        ])
        .then(() => undefined),

    async answer(host, { session, item, answer }) {
      const transaction = await pool.connect();
      const ignore = () => undefined;
      let isLost = true;
      // The query that fails reports the loss of the connection.
      transaction.on('error', ignore);
      try {
        await transaction.query('BEGIN');
        const { rows } = await transaction.query(TAKE, [item, host, session]);
        if (rows.length === 1) await send(transaction, { fleet: rows[0].fleet, host, answer });
        await transaction.query('COMMIT');
        isLost = false;
        return { type: rows.length === 1 ? 'taken' : 'gone' };
      } finally {
        transaction.off('error', ignore);
        transaction.release(isLost);
      }
    },
  };
}

/** Wakes long polls by LISTEN, which one connection serves; all of them after that connection was lost. */
async function openWaiters(databaseUrl) {
  const waiting = new Map();
  async function listen() {
    const client = new pg.Client({ connectionString: databaseUrl });
    client.on('notification', ({ payload }) => waiting.get(payload)?.());
    client.on('error', () => undefined);
    await client.connect();
    await client.query('LISTEN mailbox');
    client.once('end', listenAgain);
    for (const wake of waiting.values()) wake();
  }
  async function listenAgain() {
    const isListening = await listen().then(
      () => true,
      () => false,
    );
    if (isListening) return;
    await pause(LOOK_AGAIN_MS);
    await listenAgain();
  }
  await listen();

  return {
    /** Begins to listen for news of a host; the newest of its polls is woken. */
    wait(host) {
      let wake;
      const woken = new Promise((resolve) => {
        wake = () => resolve(true);
      });
      waiting.set(host, wake);
      const timer = new AbortController();
      return {
        within: (ms) => Promise.race([woken, pause(ms, false, { signal: timer.signal }).catch(() => false)]),
        stop() {
          timer.abort();
          if (waiting.get(host) === wake) waiting.delete(host);
        },
      };
    },
  };
}
