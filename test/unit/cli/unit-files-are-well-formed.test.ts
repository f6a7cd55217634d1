import { describe, expect, test } from 'vitest';
import { slotOf, withSlot } from '../../../src/cli/arguments/slot.ts';
import { agentUnitName, agentUnitText } from '../../../src/cli/systemd/agent-unit.ts';
import { commandWord, pathValue } from '../../../src/host/systemd/unit-text.ts';

describe('a word of a command line in a unit', () => {
  test.each([
    ['/usr/bin/node', '/usr/bin/node'],
    ['prefix=a-', 'prefix=a-'],
    ['with space', '"with space"'],
    ['a"b', '"a\\"b"'],
    ['a\\b', '"a\\\\b"'],
    ['100%', '100%%'],
    ['$HOME', '"$$HOME"'],
    [';', '";"'],
    ['', '""'],
  ])('%j is %s', (word, written) => {
    expect(commandWord(word)).toBe(written);
  });

  test.each(['a\nExecStartPre=/bin/false', 'a\u0000', ' a', 'a '])('%j is refused', (word) => {
    expect(() => commandWord(word)).toThrow(/cannot be written into a unit file/);
    expect(() => pathValue(word)).toThrow(/cannot be written into a unit file/);
  });
});

test('the unit of a database has its name from the path, and the environment that chooses the engine', () => {
  expect(agentUnitName('/srv/a/wf.db')).toMatch(/^wf-agent-[0-9a-f]{8}\.service$/);
  expect(agentUnitName('/srv/a/wf.db')).not.toBe(agentUnitName('/srv/b/wf.db'));
  const text = agentUnitText('/srv/a b/wf.db', ['--concurrency', '3'], 'system', {
    DOCKER_HOST: 'unix:///run/d.sock',
    OTHER: 'x',
  });
  expect(text).toContain('\nExecStart=');
  expect(text).toContain(' agent --db "/srv/a b/wf.db" --concurrency 3\n');
  expect(text).toContain('\nEnvironment=DOCKER_HOST=unix:///run/d.sock\n');
  expect(text).not.toContain('OTHER');
  const restricts = /^(?:Protect|Private|Restrict(?!Realtime)|NoNew|Memory|ReadOnly|Inaccessible)/m;
  expect(text).not.toMatch(restricts);
  // Every restriction of a user's service would imply NoNewPrivileges.
  expect(agentUnitText('/srv/a/wf.db', ['--concurrency', '8'], 'user', {})).not.toMatch(
    /^(?:System|Lock|Capability|Restrict|Keyring)/m,
  );
});

test('a slot is the minute in UTC', () => {
  const at = Date.UTC(2026, 0, 31, 3, 0, 59);
  expect(slotOf(at)).toBe('20260131T0300Z');
  expect(withSlot('nightly-@slot', at)).toBe('nightly-20260131T0300Z');
  expect(withSlot('nightly', at)).toBe('nightly');
});
