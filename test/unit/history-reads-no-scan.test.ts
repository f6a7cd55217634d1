import { expect, test } from 'vitest';
import { z } from 'zod';
import { preparePruneStatements } from '../../src/history/prune-statements.ts';
import { prepareStatements } from '../../src/history/sqlite/statements.ts';
import { openForTest, openRaw } from '../fixtures/history/temporary.ts';

const planRow = z.object({ detail: z.string() });

/** Statements that walk an index from one end, in its order, until they have enough. */
const WALKS_AN_INDEX: Readonly<Record<string, string>> = {
  newestIds: 'SCAN runs USING COVERING INDEX runs_newest',
  // Only where a thousand ids or more begin so: enough of them are soon met.
  newestIdsWithPrefix: 'SCAN runs USING COVERING INDEX runs_newest',
  // Of the runs that are being advanced, and of no others.
  heldRuns: 'SCAN runs USING INDEX runs_held',
  changesInPlace: 'SCAN changes USING INDEX changes_in_place',
};

/** Of no table: a row of constants, and the names that were found so far. */
const HARMLESS: readonly string[] = ['SCAN CONSTANT ROW', 'SCAN names'];

/** Lists read no more rows than they answer: each has an index in its own order. */
const LISTS: Readonly<Record<string, string>> = {
  runs: 'SEARCH runs USING INDEX runs_newest (created_at>? AND (created_at,id)<(?,?))',
  runsOfWorkflow: 'SEARCH runs USING INDEX runs_of_workflow (workflow=? AND created_at>? AND (created_at,id)<(?,?))',
  runsOfStatus: 'SEARCH runs USING INDEX runs_of_status (status=? AND created_at>? AND (created_at,id)<(?,?))',
  runsOfWorkflowAndStatus:
    'SEARCH runs USING INDEX runs_of_workflow_and_status (workflow=? AND status=? AND created_at>? AND (created_at,id)<(?,?))',
  workflowNames: 'SEARCH runs USING COVERING INDEX runs_of_workflow (workflow>?)',
  evidenceSize: 'SEARCH steps USING INDEX sqlite_autoindex_steps_1 (run=? AND id=?)',
  removableRuns:
    'SEARCH runs USING INDEX runs_of_workflow_and_status (workflow=? AND status=? AND created_at>? AND (created_at,id)<(?,?))',
  agedRuns: 'SEARCH runs USING INDEX runs_of_workflow_and_status (workflow=? AND status=? AND (created_at,id)<(?,?))',
  newestOfWorkflow: 'SEARCH runs USING COVERING INDEX runs_of_workflow (workflow=?)',
  definitionsInUse: 'SEARCH journal USING INDEX journal_definitions (<expr>=?)',
  fingerprintsInUse: 'SEARCH journal USING INDEX journal_fingerprints (<expr>=?)',
  // Whether a row refers to one that goes is looked up as well.
  deleteRun: 'SEARCH journal USING COVERING INDEX sqlite_autoindex_journal_1 (run=?)',
  deleteDefinition: 'SEARCH runs USING COVERING INDEX runs_of_definition (definition_hash=?)',
  idsWithPrefix: 'SEARCH runs USING INDEX sqlite_autoindex_runs_1 (id>? AND id<?)',
  unfinishedRuns: 'SEARCH runs USING INDEX runs_of_status (status=?)',
  holdsLease: 'SEARCH runs USING INDEX sqlite_autoindex_runs_1 (id=?)',
  claimsOfRun: 'SEARCH claims USING COVERING INDEX claims_of_run (run=?)',
  held: 'SEARCH journal USING COVERING INDEX sqlite_autoindex_journal_1 (run=?)',
  lastVerified: 'SEARCH journal USING INDEX journal_verified (run=?)',
};

test('no statement reads a whole table, or sorts more than it answers', () => {
  const { path } = openForTest();
  const raw = openRaw(path);
  const prepared = Object.entries(prepareStatements(raw)).map(([name, statement]) => [name, statement()] as const);
  const plans = [...prepared, ...Object.entries(preparePruneStatements(raw))].map(([name, { source }]) => {
    const names = [...source.matchAll(/@(\w+)/g)].map((match) => match[1] ?? '');
    const positions = [...source.matchAll(/\?/g)].map(() => 1);
    const values = names.length > 0 ? [Object.fromEntries(names.map((key) => [key, 1]))] : positions;
    const rows = raw.prepare(`EXPLAIN QUERY PLAN ${source}`).all(...values);
    return { name, details: rows.map((row) => planRow.parse(row).detail) };
  });
  expect(plans.length).toBeGreaterThan(30);
  for (const { name, details } of plans) {
    const scans = details.filter((detail) => detail.startsWith('SCAN ') && !HARMLESS.includes(detail));
    expect({ name, scans }).toEqual({ name, scans: name in WALKS_AN_INDEX ? [WALKS_AN_INDEX[name]] : [] });
  }
  for (const [name, plan] of Object.entries(LISTS)) {
    expect(plans.find((each) => each.name === name)?.details).toContain(plan);
  }
  const sorting = plans.filter(({ details }) => details.some((detail) => detail.includes('TEMP B-TREE')));
  expect(sorting.map(({ name }) => name)).toEqual(['unfinishedRuns', 'idsWithPrefix', 'steps']);
});
