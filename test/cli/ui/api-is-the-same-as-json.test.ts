import { mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openHistory } from '../../../src/history/open.ts';
import { PinnedConnection } from '../../../src/sqlite/pinned-connection.ts';
import { withoutDatabase } from '../../support/command/run-wf.ts';
import { ask, openSession, type Session } from '../../support/page/page-client.ts';
import { type ServedPage, servePage } from '../../support/page/served-page.ts';
import { answerSchema, readApi, readParts } from '../../support/page/served-routes.ts';
import { ASKING_WORKFLOW } from '../../support/workflows/asking-workflow.ts';
import { openSettingProject } from '../../support/workflows/setting-workflow.ts';

const project = openSettingProject();
project.write('workflows/asking.ts', ASKING_WORKFLOW);
/** Unique on this host, like the folder of the project. */
const own = path.basename(project.folder);
const [good, bad, applied, unconfirmed, asks] = ['good', 'bad', 'applied', 'unconfirmed', 'asks'].map(
  (name) => `${own}-${name}`,
);

let served: ServedPage;
let session: Session;
let plans: readonly string[];

beforeAll(async () => {
  const input = (name: string, broken = false) => {
    const folder = path.join(project.folder, name);
    mkdirSync(folder);
    if (broken) writeFileSync(path.join(folder, 'broken'), '');
    return `--input=folder=${folder}`;
  };
  await project.sharedWf(['start', 'setting', `--id=${good}`, input('one')]);
  await project.sharedWf(['start', 'setting', `--id=${bad}`, input('two', true)]);
  const planned = await project.sharedWf(['start', 'setting', `--id=${applied}`, '--plan', '--json', input('three')]);
  await project.sharedWf(['start', 'setting', '--plan', input('four')]);
  const { id } = z.object({ id: z.string() }).parse(planned.json());
  await project.sharedWf(['apply', id]);
  writeFileSync(path.join(project.folder, 'first.go'), '');
  await Promise.all([
    project
      .start(['start', 'setting', `--id=${unconfirmed}`, '--confirm-within=600s', input('five')])
      .line(/^not confirmed yet/),
    project
      .start(['start', 'asking', `--id=${asks}`, `--input=folder=${project.folder}`])
      .line(/^waiting for the event/),
  ]);
  plans = z
    .array(z.object({ id: z.string() }))
    .parse((await project.sharedWf(['plans', '--json'])).json())
    .map((one) => one.id);
  served = await servePage(project);
  session = await openSession(served);
}, 120_000);

afterAll(async () => {
  await project.sharedWf(['cancel', asks ?? '']);
  await project.sharedWf(['confirm', unconfirmed ?? '']);
});

const read = (address: string) => readApi(served, session, address);

/** Addresses with the commands that print the same, and the routes that answer. */
const SAME: readonly (readonly [address: () => string, route: string, command: () => readonly string[]])[] = [
  [() => '/api/runs', '/runs', () => ['runs']],
  [() => '/api/runs?status=rolled-back', '/runs', () => ['runs', '--status=rolled-back']],
  [
    () => '/api/runs?status=unconfirmed&workflow=setting',
    '/runs',
    () => ['runs', '--status=unconfirmed', '--workflow=setting'],
  ],
  [() => '/api/runs?last=1h&text=E_HOST', '/runs', () => ['runs', '--last=1h', '--text=E_HOST']],
  [
    () => `/api/runs?where=waitFor=&where=folder=${project.folder}/one`,
    '/runs',
    () => ['runs', '--where=waitFor=', `--where=folder=${project.folder}/one`],
  ],
  [() => `/api/runs?before=${applied}&limit=1`, '/runs', () => ['runs', `--before=${applied}`, '--limit=1']],
  [() => '/api/runs?until=2020-01-01', '/runs', () => ['runs', '--until=2020-01-01']],
  ...[good, bad, applied, unconfirmed, asks].flatMap((run): (typeof SAME)[number][] => [
    [() => `/api/runs/${run}`, '/runs/{run}', () => ['show', run ?? '']],
    [() => `/api/runs/${run}/evidence`, '/runs/{run}/evidence', () => ['logs', run ?? '']],
    [() => `/api/runs/${run}/changes`, '/runs/{run}/changes', () => ['diff', run ?? '']],
  ]),
  [() => `/api/runs/${bad}/evidence?step=two`, '/runs/{run}/evidence', () => ['logs', bad ?? '', 'two']],
  [() => `/api/runs/${bad}/evidence?step=probing`, '/runs/{run}/evidence', () => ['logs', bad ?? '', 'probing']],
  [() => `/api/runs/${good}/compare/${bad}`, '/runs/{run}/compare/{other}', () => ['diff', good ?? '', bad ?? '']],
  [() => '/api/changes', '/changes', () => ['changes']],
  [() => '/api/plans', '/plans', () => ['plans']],
  [() => `/api/plans/${plans[0]}`, '/plans/{plan}', () => ['plans', plans[0] ?? '']],
  [() => `/api/plans/${plans[1]}`, '/plans/{plan}', () => ['plans', plans[1] ?? '']],
];

describe('the API', () => {
  test.for(SAME.map(([address, route, command]) => ({ address, route, command })))(
    'answers at $route with the output of the command, as the document describes it',
    async ({ address, route, command }) => {
      const printed = await project.sharedWf([...command(), '--json']);
      const { status, body } = await read(address());
      expect(status, address()).toBe(200);
      expect(JSON.stringify(body)).toBe(JSON.stringify(printed.json()));
      expect(answerSchema(route).parse(body)).toEqual(body);
    },
  );

  test('answers at /doctor with the output of the command, which runs once until a client asks for news', async () => {
    const printed = await project.sharedWf(['doctor', '--json']);
    const { status, body } = await read('/api/doctor');
    expect(status).toBe(200);
    expect(figuresOut(body)).toBe(figuresOut(printed.json()));
    expect(answerSchema('/doctor').parse(body)).toEqual(body);
    project.write('workflows/broken.ts', 'export default 1;');
    expect((await read('/api/doctor')).body).toEqual(body);
    const news = await read(`/api/doctor?after=${new Date().toISOString()}`);
    expect(JSON.stringify(news.body)).toContain('workflow broken');
    expect((await read('/api/doctor')).body).toEqual(news.body);
  });

  test('answers with lists in pages, forwards and backwards, that add up to the whole list', async () => {
    const all = await read('/api/runs');
    expect(all.links).toEqual({});
    expect(await readParts(served, session, '/api/runs?limit=2')).toEqual(all.body);
    const first = await read('/api/runs?limit=2');
    const second = await read(first.links['next'] ?? '');
    const third = await read(second.links['next'] ?? '');
    expect(third.links['next']).toBeUndefined();
    expect((await read(third.links['prev'] ?? '')).body).toEqual(second.body);
    expect((await read(second.links['prev'] ?? '')).body).toEqual(first.body);

    const evidence = (await read(`/api/runs/${bad}/evidence`)).body;
    expect(z.array(z.unknown()).parse(evidence).length).toBeGreaterThan(3);
    expect(await readParts(served, session, `/api/runs/${bad}/evidence?limit=1`)).toEqual(evidence);
    for (const list of ['changes', 'plans']) {
      const whole = (await read(`/api/${list}`)).body;
      expect(z.array(z.unknown()).parse(whole).length).toBeGreaterThan(1);
      expect((await read(`/api/${list}?limit=1`)).body).not.toEqual(whole);
      expect(await readParts(served, session, `/api/${list}?limit=1`)).toEqual(whole);
    }
    const ofStep = (await read(`/api/runs/${bad}/evidence?step=two`)).body;
    expect(await readParts(served, session, `/api/runs/${bad}/evidence?step=two&limit=1`)).toEqual(ofStep);
  });

  test('answers with the journal that wf export writes, in pages', async () => {
    const file = path.join(project.folder, 'run.wf');
    await project.sharedWf(['export', bad ?? '', '-o', file]);
    const journal = await readParts(served, session, `/api/runs/${bad}/journal?limit=7`);
    const entries = answerSchema('/runs/{run}/journal').parse(journal);
    expect(entries).toEqual(journal);
    const seqs = z
      .array(z.object({ seq: z.number() }))
      .parse(journal)
      .map(({ seq }) => seq);
    expect(seqs).toEqual(seqs.map((_seq, index) => index + 1));
    expect(journal.at(-1)).toMatchObject({ event: { type: 'ended', status: 'rolled-back' } });
    const [, ...rest] = journal;
    expect((await read(`/api/runs/${bad}/journal?after=1`)).body).toEqual(rest);
  });

  test.for([
    ['/api/runs/nobody', 404, 'E_RUN_NOT_FOUND'],
    ['/api/runs/..%2f..%2fetc', 404, 'E_RUN_NOT_FOUND'],
    ['/api/runs/nobody/evidence', 404, 'E_RUN_NOT_FOUND'],
    ['/api/runs/nobody/journal', 404, 'E_RUN_NOT_FOUND'],
    ['/api/runs?before=nobody', 404, 'E_RUN_NOT_FOUND'],
    ['/api/plans/nothing', 404, 'E_PLAN_NOT_FOUND'],
    ['/api/plans?before=nothing', 404, 'E_PLAN_NOT_FOUND'],
    ['/api/changes?before=nobody', 404, 'E_RUN_NOT_FOUND'],
    ['/api/changes?limit=201', 400, 'E_USAGE'],
    ['/api/nothing', 404, 'E_USAGE'],
    ['/api/runs?status=done', 400, 'E_USAGE'],
    ['/api/runs?colour=red', 400, 'E_USAGE'],
    ['/api/runs?text=a&text=b', 400, 'E_USAGE'],
    ['/api/runs?since=soon', 400, 'E_USAGE'],
    ['/api/runs?since=1d&last=1d', 400, 'E_USAGE'],
    ['/api/runs?where=devNetwork', 400, 'E_USAGE'],
    ['/api/runs?limit=100000', 400, 'E_USAGE'],
    ['/api/doctor?after=soon', 400, 'E_USAGE'],
  ] as const)('refuses %s with %d and the error of wf', async ([address, status, code]) => {
    const answer = await read(address);
    expect(answer).toMatchObject({ status, body: { error: { code, message: /./, hint: /./ } } });
    expect(JSON.stringify(answer.body)).not.toMatch(/\bat .*\.(?:c?js|ts):\d/);
  });

  test('refuses the same requests as the command, with the same message', async () => {
    for (const [address, command] of [
      [`/api/runs/${good}/compare/${good}`, ['diff', good ?? '', good ?? '']],
      [`/api/runs/${good}/compare/${asks}`, ['diff', good ?? '', asks ?? '']],
      [`/api/runs/${bad}/evidence?step=tow`, ['logs', bad ?? '', 'tow']],
    ] as const) {
      const printed = await project.sharedWf([...command, '--json']);
      expect((await read(address)).body).toEqual(JSON.parse(withoutDatabase(project, printed.stdout)));
    }
  });
});

/** Replaces a database with another file. The returned function releases what it keeps open. */
const BAD_DATABASES: readonly (readonly [code: string, make: (file: string) => () => void])[] = [
  ['E_DATABASE', (file) => made(() => writeFileSync(file, 'no database\n'.repeat(400)))],
  [
    'E_DATABASE_NEWER',
    (file) =>
      made(() => {
        openHistory(file).close();
        const db = new PinnedConnection(file);
        db.pragma('user_version = 99');
        db.close();
      }),
  ],
  [
    'E_DATABASE_DAMAGED',
    (file) =>
      made(() => {
        openHistory(file).close();
        truncateSync(file, 8192);
      }),
  ],
  [
    'E_DATABASE_LOCKED',
    (file) => {
      openHistory(file).close();
      const db = new PinnedConnection(file);
      db.pragma('locking_mode = EXCLUSIVE');
      db.exec('BEGIN EXCLUSIVE; COMMIT');
      return () => db.close();
    },
  ],
];

function made(make: () => void): () => void {
  make();
  return () => {};
}

test('pages and API report a database that cannot be read, until it can be read', async () => {
  const other = openSettingProject();
  openHistory(other.database).close();
  const page = await servePage(other);
  const { cookie } = await openSession(page);
  const answerAt = async (address: string) => {
    const { status, text } = await ask(page, address, { headers: { cookie } });
    expect(text).not.toMatch(/\bat .*\.(?:c?js|ts):\d/);
    return { status, text };
  };
  for (const [code, make] of BAD_DATABASES) {
    for (const file of readdirSync(other.folder).filter((name) => name.startsWith('wf.db')))
      rmSync(path.join(other.folder, file));
    const release = make(other.database);
    const printed = await other.sharedWf(['runs', '--json']);
    const api = await answerAt('/api/runs');
    expect(api.status, code).toBe(code === 'E_DATABASE_LOCKED' ? 409 : 503);
    expect(JSON.parse(withoutDatabase(other, api.text))).toEqual(JSON.parse(withoutDatabase(other, printed.stdout)));
    expect(JSON.parse(api.text)).toMatchObject({ error: { code, hint: /./ } });
    const html = await answerAt('/');
    expect(html).toMatchObject({ status: api.status, text: expect.stringContaining(`<h1>${code}</h1>`) });
    release();
  }
  for (const file of readdirSync(other.folder).filter((name) => name.startsWith('wf.db')))
    rmSync(path.join(other.folder, file));
  expect(await answerAt('/api/runs')).toEqual({ status: 200, text: '[]' });
});

/** Returns the findings without figures, which differ from one moment to the next. */
function figuresOut(findings: unknown): string {
  return JSON.stringify(findings).replace(/\d+(?:\.\d+)*/g, 'N');
}
