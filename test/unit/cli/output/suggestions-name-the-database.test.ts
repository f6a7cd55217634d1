import { describe, expect, test } from 'vitest';
import { findPlaces } from '../../../../src/cli/services/places.ts';
import { suggestedCommand, suggestions } from '../../../../src/review/text/suggestion.ts';
import { openFolderWf } from '../../../fixtures/cli/folder-services.ts';

test.each([
  ['wf show 7kq', 'wf show 7kq --db /a/wf.db'],
  ['wf sweep --db /b.db', 'wf sweep --db /b.db'],
  ['wf start --help', 'wf start --help'],
  ['wf workflows', 'wf workflows'],
])('%s is suggested as %s', (line, suggested) => {
  expect(suggestedCommand(line, { database: '/a/wf.db' })).toBe(suggested);
  expect(suggestedCommand(line, {})).toBe(line);
  expect(suggestions(`Try \`${line}\`.`, { database: '/a/wf.db' })).toBe(`Try \`${suggested}\`.`);
});

test('a path that a shell would split is quoted', () => {
  expect(suggestedCommand('wf runs', { database: '/my runs/wf.db' })).toBe("wf runs --db '/my runs/wf.db'");
});

test('a database is named if --db or WF_DB chooses another one than the default', () => {
  const state = { XDG_STATE_HOME: '/state', HOME: '/home/ann' };
  const usual = findPlaces(undefined, state, '/').database;
  expect(findPlaces(undefined, state, '/').namedDatabase).toBe(null);
  expect(findPlaces(usual, state, '/').namedDatabase).toBe(null);
  expect(findPlaces('own.db', state, '/').namedDatabase).toBe('/own.db');
  expect(findPlaces(undefined, { ...state, WF_DB: 'their.db' }, '/').namedDatabase).toBe('/their.db');
});

describe('every suggested command names a non-default database', () => {
  test.each([
    ['after a run', ['start', 'files', '--input', 'name=b'], 0],
    [
      'after a failed run with changes in place',
      ['start', 'files', '--input', 'name=b', '--input', 'broken=true', '--on-failure', 'keep'],
      1,
    ],
    ['in the view of a run', ['show', 'kept'], 0],
    ['in the list of changes in place', ['changes'], 0],
    ['in an error', ['resume', 'kept'], 2],
    ['in an error as JSON', ['resume', 'kept', '--json'], 2],
    ['in the list of runs', ['runs', '--limit', '1'], 0],
    ['in the plan of a prune', ['prune', '--older-than', '0s'], 0],
  ])('%s', async (_what, argv, exitCode) => {
    const folderWf = openFolderWf();
    await folderWf.wf(['start', 'files', '--id', 'first']);
    await folderWf.wf(['start', 'files', '--id', 'kept', '--input', 'broken=true', '--on-failure', 'keep']);
    folderWf.namedDatabase = '/own/wf.db';
    const ran = await folderWf.wf(argv);
    expect(ran.exitCode).toBe(exitCode);
    const suggested = [
      ...`${ran.out}\n${ran.err}`.matchAll(/\bwf (?:show|logs|resume|rollback|runs|changes)\b(?:(?! {2}|`|\n).)*/g),
    ];
    expect(suggested).not.toEqual([]);
    for (const [line] of suggested) expect(line).toMatch(/ --db \/own\/wf\.db\b/);
  });
});
