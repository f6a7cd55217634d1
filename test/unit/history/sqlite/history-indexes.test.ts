import Database from 'better-sqlite3';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { asStepId } from '../../../../src/engine/model/ids.ts';
import type { History } from '../../../../src/history/history.ts';
import {
  AT,
  DEFINITION,
  decidedToStart,
  ENDED,
  HASH,
  headerOf,
  intended,
  OWNER,
  planOf,
  ROLLING_BACK,
  runId,
} from '../../../fixtures/history/samples.ts';
import { openForTest, openRaw } from '../../../fixtures/history/temporary.ts';

const planRow = z.object({ detail: z.string() });

/** Plans that read an index from one end until they have enough rows. */
const INDEX_SCANS: readonly string[] = [
  'SCAN runs USING COVERING INDEX runs_newest',
  'SCAN runs USING INDEX runs_with_owner',
  'SCAN changes USING INDEX changes_in_place',
  'SCAN runs USING INDEX runs_to_resume',
  'SCAN runs USING INDEX runs_imported',
  'SCAN plans USING INDEX plans_newest',
];

/** Plans that read no table. */
const NO_TABLE: readonly string[] = ['SCAN CONSTANT ROW', 'SCAN names', 'SCAN json_each VIRTUAL TABLE INDEX 1:'];

/** Tables that stay small: the requests without an answer, and one agent. */
const SMALL: readonly string[] = ['SCAN open_requests', 'SCAN agent', 'SCAN agent_identity'];

/** Plans that read only the rows they return, from an index in the order of the list. */
const SEARCHES: readonly string[] = [
  'SEARCH runs USING INDEX runs_newest (created_at>? AND (created_at,id)<(?,?))',
  'SEARCH runs USING INDEX runs_of_workflow (workflow=? AND created_at>? AND (created_at,id)<(?,?))',
  'SEARCH runs USING INDEX runs_of_status (status=? AND created_at>? AND (created_at,id)<(?,?))',
  'SEARCH runs USING INDEX runs_of_workflow_and_status (workflow=? AND status=? AND created_at>? AND (created_at,id)<(?,?))',
  'SEARCH runs USING COVERING INDEX runs_of_workflow (workflow>?)',
  'SEARCH runs USING COVERING INDEX runs_of_workflow (workflow=?)',
  'SEARCH runs USING INDEX runs_of_workflow_and_status (workflow=? AND status=? AND (created_at,id)<(?,?))',
  'SEARCH runs USING INDEX sqlite_autoindex_runs_1 (id>? AND id<?)',
  'SEARCH runs USING INDEX runs_due (due_at>?)',
  'SEARCH steps USING INDEX sqlite_autoindex_steps_1 (run=? AND id=?)',
  'SEARCH journal USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)',
  'SEARCH runs USING COVERING INDEX runs_of_status (status=?)',
  'SEARCH fleet_runs USING INDEX fleet_runs_newest (created_at>? AND created_at<?)',
  'SEARCH claims USING COVERING INDEX claims_of_run (run=?)',
  'SEARCH journal USING INDEX journal_verified (run=?)',
  'SEARCH journal USING INDEX journal_definitions (<expr>=?)',
  'SEARCH journal USING INDEX journal_fingerprints (<expr>=?)',
  // Foreign keys: rows that refer to a deleted one.
  'SEARCH journal USING COVERING INDEX sqlite_autoindex_journal_1 (run=?)',
  'SEARCH runs USING COVERING INDEX runs_of_definition (definition_hash=?)',
];

const FLEET_COPY = {
  ...{ id: 'fl', workflow: 'lab', status: 'succeeded', hosts: 2, version: 1 },
  createdAt: AT,
  finishedAt: AT,
};

/** Methods that run no query of their own. */
const WITHOUT_QUERIES: readonly string[] = ['groupedCommit', 'timeCommits', 'freeReserve', 'close'];

/** Calls every other method of a history, so that it runs every statement. */
function callAll(history: History): void {
  const { id, workflow } = headerOf('all');
  const lease = history.create(headerOf('all'), DEFINITION, OWNER, ['network devops'], AT);
  const evidence = [
    { step: asStepId('a'), attempt: 1, command: 'ip', output: '', exitCode: 0, startedAt: AT, durationMs: 1 },
  ];
  const a = { step: asStepId('a'), attempt: 1 };
  history.append(lease, { events: [decidedToStart('a'), { type: 'step.attempted', ...a }], evidence }, AT);
  const applied = { type: 'change.applied', seq: 1, record: null, target: 'network devops', undo: [] } as const;
  const reverted = { type: 'change.settled', seq: 1, status: 'reverted', reason: null } as const;
  history.append(lease, { events: [intended(1, 'a'), applied, reverted, { type: 'waiting', events: [] }] }, AT);
  history.putDefinition(HASH, DEFINITION, AT);
  const fingerprint = history.putFingerprint({ links: [] });
  const accepted = { type: 'definition.accepted', definitionHash: HASH } as const;
  history.append(lease, { events: [accepted, { type: 'step.succeeded', ...a, output: 1 }, ROLLING_BACK] }, AT);
  history.holds(lease);
  history.release(lease);
  const later = history.takeOver(id, OWNER, () => false);
  history.append(later, { events: [ENDED] }, AT);
  const undone = history.create(headerOf('undone'), DEFINITION, OWNER, [], AT);
  history.claim(undone, ['network prod']);
  const error = { code: 'E_STEP_FAILED', message: 'failed', hint: '' } as const;
  const rolledBack = { type: 'ended', status: 'rolled-back', output: null, error } as const;
  history.append(undone, { events: [rolledBack] }, AT);
  const by = { user: 'ann', sudoUser: null, host: 'here' };
  const request = { by, demand: { kind: 'retry' }, comment: null } as const;
  history.refuse(undone.run, history.request(undone.run, request, AT), error, AT, () => true);
  history.request(undone.run, request, AT);
  history.openRequests();
  const anew = headerOf('anew');
  history.create({ ...anew, options: { ...anew.options, retryOf: undone.run } }, DEFINITION, OWNER, [], AT);

  history.putPlan(planOf('p1', 'planned'), DEFINITION);
  history.plans();
  for (const { id: plan } of history.plans(1)) {
    history.plan(plan);
    history.plans(1, plan);
  }
  history.entomb(runId('buried'), 'too late', AT);
  history.isEntombed(runId('buried'));
  history.agentIdentity({ id: 'agent', seed: 'seed' });
  const { run, ...content } = history.exportRun(id, 'there');
  history.importRun({ ...content, run: { ...run, id: runId('imported') } }, AT);

  history.run(id);
  for (const filter of [{}, { workflow }, { status: 'failed' }, { workflow, status: 'failed' }] as const) {
    history.runs({ ...filter, limit: 1 });
  }
  history.runs({ limit: 1, before: id });
  history.unfinishedRuns();
  history.claimsOf(id);
  history.runIds('', 1);
  history.runIds('a', 1);
  history.workflowNames();
  history.journal(id);
  history.steps(id);
  history.changes(id);
  history.changesInPlace();
  history.evidence(id);
  history.evidence(id, a.step);
  history.evidenceCount(id);
  history.evidenceAfter(id, null, 0, 1);
  history.evidenceAfter(id, [a.step], 0, 1);
  history.verification(id);
  history.definition(HASH);
  history.fingerprint(fingerprint);
  history.space();
  history.dataVersion();
  history.atOneMoment(() => history.owners());
  history.askingRuns(1);
  history.inPlaceCounts();
  history.runsInPlace(1);
  history.runsInPlace(1, id);
  history.unendedRun(workflow);
  history.dueTimers(AT, { dueAt: 0, number: 0 }, 1);
  history.nextTimer(AT);
  history.resumedByAgent();
  history.requestedRuns();
  history.countedEntries(0, history.lastPosition());
  history.countOpenRuns();
  history.countChangesInPlace();
  history.countOpenRequests();
  history.registerAgent({ owner: OWNER, since: AT }, () => true);
  history.registerAgent({ owner: OWNER, since: AT }, () => true);
  history.isRegistered(OWNER);
  history.agent();
  history.unregisterAgent(OWNER);

  history.putFleetCopy({ ...FLEET_COPY, record: {} });
  history.fleetCopy(FLEET_COPY.id);
  history.fleetCopies({ limit: 1 });
  const old = { endedBefore: AT + 1, keep: 0, isAlive: () => false };
  history.prunePlan({ ...old, keep: 1 });
  history.pruneSome(old, null);
  history.prunePlans(old);
  history.pruneFleetCopies(old);
  history.pruneUnused(null, () => false);
  history.pruneUnused({ table: 'fingerprints', hash: '' }, () => false);
  history.compact(() => false);
}

/** Returns the text of every query that `work` prepares. */
function queriesOf(work: () => void): readonly string[] {
  const prepare = vi.spyOn(Database.prototype, 'prepare');
  work();
  const texts = prepare.mock.calls.map(([sql]) => sql);
  prepare.mockRestore();
  return [...new Set(texts)].filter((sql) => /^(SELECT|INSERT|UPDATE|DELETE|WITH)/.test(sql.trim()));
}

test('no query reads a whole table, or sorts more rows than it returns', () => {
  const { history, path } = openForTest();
  const raw = openRaw(path);
  const called = new Set<string | symbol>();
  const observed = new Proxy(history, {
    get: (target, name, receiver) => {
      called.add(name);
      return Reflect.get(target, name, receiver);
    },
  });
  // Pruning ranks all copies of fleet runs, which are few.
  const queries = queriesOf(() => callAll(observed)).filter((sql) => !sql.includes('row_number()'));
  const plans = queries.map((sql) => {
    const names = [...sql.matchAll(/@(\w+)/g)].map(([, name = '']) => name);
    const rows = raw.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(Object.fromEntries(names.map((name) => [name, 1])));
    return { sql, details: rows.map((row) => planRow.parse(row).detail) };
  });
  expect(Object.keys(history).filter((name) => !called.has(name))).toEqual(WITHOUT_QUERIES);
  expect(plans.length).toBeGreaterThan(30);
  const scans = plans.flatMap(({ details }) => details.filter((detail) => detail.startsWith('SCAN ')));
  expect(scans.filter((detail) => ![...INDEX_SCANS, ...NO_TABLE, ...SMALL].includes(detail))).toEqual([]);
  const details = plans.flatMap((plan) => plan.details);
  expect(SEARCHES.filter((search) => !details.includes(search))).toEqual([]);
  const sorting = plans.filter((plan) => plan.details.some((detail) => detail.includes('TEMP B-TREE')));
  expect(sorting.map(({ sql }) => /DISTINCT \w+|ORDER BY.*$/.exec(sql)?.[0])).toEqual([
    'ORDER BY created_at DESC, id DESC', // unfinished runs
    'ORDER BY created_at DESC, id DESC LIMIT @limit', // run ids with a prefix
    'ORDER BY number', // steps
    'DISTINCT owner_pid', // owners of runs
    'ORDER BY created_at, id LIMIT 1', // runs of one workflow that have not ended
  ]);
});
