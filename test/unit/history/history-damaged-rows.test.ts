import { expect, test } from 'vitest';
import { asStepId } from '../../../src/engine/model/ids.ts';
import type { HistoryPort } from '../../../src/engine/ports/history.ts';
import { AT, DEFINITION, decidedToStart, headerOf, intended, OWNER } from '../../fixtures/history/samples.ts';
import { errorOf, openForTest, openRaw } from '../../fixtures/history/temporary.ts';

const { id, definitionHash } = headerOf('torn');

test.each<[string, string, (history: HistoryPort) => unknown]>([
  ['runs', "UPDATE runs SET input = '[]'", (history) => history.run(id)],
  ['runs', `UPDATE runs SET options = '{"onFailure":"hope"}'`, (history) => history.runs({ limit: 3 })],
  ['runs', "UPDATE runs SET output = '{'", (history) => history.run(id)],
  ['runs', `UPDATE runs SET error = '{"code":"E_NO_SUCH"}'`, (history) => history.run(id)],
  ['steps', "UPDATE steps SET input = 'x'", (history) => history.steps(id)],
  ['steps', "UPDATE steps SET output = '{'", (history) => history.steps(id)],
  ['steps', `UPDATE steps SET error = '{"code":"E_NO_SUCH"}'`, (history) => history.steps(id)],
  ['changes', `UPDATE changes SET undo = '"rm"'`, (history) => history.changes(id)],
  ['changes', `UPDATE changes SET record = ''`, (history) => history.changesInPlace()],
  ['journal', "UPDATE journal SET data = 'x'", (history) => history.journal(id)],
  ['journal', "UPDATE journal SET data = '[1]'", (history) => history.journal(id)],
  ['journal', "UPDATE journal SET type = 'step.dreamt'", (history) => history.journal(id)],
  [
    'journal',
    `UPDATE journal SET type = 'step.attempted', data = '{"step":"a","attempt":1e999}'`,
    (history) => history.journal(id),
  ],
  ['journal', `UPDATE journal SET data = json_set(data, '$.more', 1)`, (history) => history.journal(id)],
  ['journal', `UPDATE journal SET data = json_remove(data, '$.effects[0].step')`, (history) => history.journal(id)],
])('a row that does not parse is reported as damage, with its table and run: %s, %s', (table, sql, read) => {
  const { history, path } = openForTest();
  const lease = history.create(headerOf(id), DEFINITION, OWNER, [], AT);
  history.append(lease, { events: [decidedToStart('a')] }, AT);
  history.append(lease, { events: [intended(1, 'a')] }, AT);
  openRaw(path).exec(sql);
  const error = errorOf(() => read(history));
  expect(error.code).toBe('E_DATABASE_DAMAGED');
  expect(error.message).toContain(`table ${table} (run torn`);
});

test('an altered definition or fingerprint is reported as damage', () => {
  const { history, path } = openForTest();
  history.create(headerOf(id), DEFINITION, OWNER, [], AT);
  const hash = history.putFingerprint({ links: ['lo'] });
  expect(history.putFingerprint({ links: ['lo'] })).toBe(hash);
  const other = history.putFingerprint({ links: ['eth0'] });
  expect(history.fingerprint('0'.repeat(64))).toBeUndefined();
  const raw = openRaw(path);
  raw.exec("UPDATE definitions SET definition = '{'");
  expect(errorOf(() => history.definition(definitionHash)).code).toBe('E_DATABASE_DAMAGED');
  raw.prepare('UPDATE fingerprints SET compressed = (SELECT compressed FROM fingerprints WHERE hash = ?)').run(other);
  expect(errorOf(() => history.fingerprint(hash)).message).toContain('does not match its hash');
  raw.exec("UPDATE fingerprints SET compressed = x'00'");
  expect(errorOf(() => history.fingerprint(hash)).code).toBe('E_DATABASE_DAMAGED');
});

test('the hash of a fingerprint does not depend on the order of its keys', () => {
  const { history } = openForTest();
  expect(history.putFingerprint({ a: 1, b: { c: 2, d: 3 } })).toBe(history.putFingerprint({ b: { d: 3, c: 2 }, a: 1 }));
  expect(history.steps(headerOf('nobody').id)).toEqual([]);
  expect(history.evidence(headerOf('nobody').id, asStepId('a'))).toEqual([]);
});
