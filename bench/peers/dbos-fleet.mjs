// The orchestrator of fleets on DBOS: one durable workflow for each fleet run, and a durable mailbox for each host. Agents reach their
// mailboxes over HTTP, as they reach those of wf, and hold no login to the database.
//   node bench/peers/dbos-fleet.mjs FILE PORT
// The file has the address of the database, with its password.
// DBOS is used by its own documentation: steps, messages to a workflow, and a message in the transaction of the application. The mailboxes
// are tables beside those of DBOS: a mailbox that is a workflow would keep a history that only grows.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import dbos from '@dbos-inc/dbos-sdk';
import pg from 'pg';
import { openMailboxes } from './dbos-mailboxes.mjs';

const { DBOS, DBOSClient } = dbos;
const [databaseUrlFile, port] = process.argv.slice(2);
const databaseUrl = readFileSync(databaseUrlFile, 'utf8');
const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
// An idle connection ends with the server; the next query opens another one.
pool.on('error', () => undefined);

const DAY_S = 86_400;
/** Database errors in a step pass: it is tried again until the database is back. */
const RETRIED = { retriesAllowed: true, maxAttempts: 1_000, intervalSeconds: 0.1, backoffRate: 1 };
const WORK = { workflow: 'file', definitionHash: '0'.repeat(64), input: {}, confirmWithinMs: null };

const itemOf = (fleet, host) => ({
  ...{ id: `${fleet}-${host}/run`, fleet, part: `${fleet}-${host}` },
  ...{ action: 'run', work: WORK },
});

/** Carries a fleet run out: wave after wave, each once all hosts of the last have answered. */
const fleet = DBOS.registerWorkflow(
  async ({ createdAt, hosts, canary, atOnce }) => {
    const id = DBOS.workflowID;
    const answers = [];
    const size = atOnce ?? hosts.length;
    for (let begin = 0, end = canary ?? size; begin < hosts.length; begin = end, end += size) {
      const wave = hosts.slice(begin, end);
      const items = wave.map((host) => ({ host, body: itemOf(id, host) }));
      await DBOS.runStep(() => mailboxes.offer(items), { name: 'offer', ...RETRIED });
      answers.push(...(await Promise.all(wave.map((host) => DBOS.recv(host, { timeoutSeconds: DAY_S })))));
      if (answers.some((answer) => answer?.status !== 'succeeded')) throw new Error('a host has failed');
    }
    return { durationMs: (await DBOS.now()) - createdAt, hosts: answers };
  },
  { name: 'fleet' },
);

const handlers = {
  'wf-host/open': (host, request) => mailboxes.open(host, request),
  'wf-host/next': (host, request) => mailboxes.next(host, request),
  'wf-host/answer': (host, request) => mailboxes.answer(host, request),
  'fleet/start': async (id, request) => {
    await DBOS.startWorkflow(fleet, { workflowID: id })({ ...request, createdAt: Date.now() });
    return {};
  },
  'fleet/show': async (id) => {
    const found = await DBOS.retrieveWorkflow(id).getStatus();
    return { status: found?.status ?? 'unknown', record: found?.output ?? null };
  },
};

DBOS.setConfig({ name: 'fleet', systemDatabaseUrl: databaseUrl, logLevel: 'error' });
await DBOS.launch();
const client = await DBOSClient.create({ systemDatabaseUrl: databaseUrl, systemDatabasePool: pool });
const mailboxes = await openMailboxes(pool, databaseUrl, (transaction, { fleet: to, host, answer }) =>
  client.sendInTransaction(transaction, to, answer, host),
);

createServer(async (request, response) => {
  try {
    const [object, key, handler] = request.url.slice(1).split('/').map(decodeURIComponent);
    const answer = await handlers[`${object}/${handler}`](key, JSON.parse((await text(request)) || 'null'));
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  } catch (thrown) {
    response.writeHead(500).end(String(thrown));
  }
}).listen(Number(port), '127.0.0.1', () => process.stdout.write('serving\n'));
