import { describe, expect, test } from 'vitest';
import { fleetIdSchema, hostNameSchema, partOf, sessionIdSchema } from '../../../src/fleet/model/ids.ts';
import { type Item, itemIdOf } from '../../../src/fleet/model/item.ts';
import {
  answered,
  emptyMailbox,
  heard,
  type Mailbox,
  offer,
  openSession,
  SESSION_MS,
  writeOff,
} from '../../../src/fleet/model/mailbox.ts';
import { fleetRequest } from '../../support/fleet/fleet-request.ts';

const HOST = hostNameSchema.parse('web1');
const { work } = fleetRequest(1);

function item(name: string, action: 'run' | 'roll-back', attempt = 1): Item {
  const fleet = fleetIdSchema.parse(name);
  const part = partOf(fleet, HOST);
  const base = { id: itemIdOf(part, action, attempt), fleet, part };
  return action === 'run' ? { ...base, action, work } : { ...base, action, attempt, reason: 'x' };
}
const filled = (...items: readonly Item[]): Mailbox =>
  items.reduce<Mailbox>((mailbox, one) => offer(mailbox, one) ?? mailbox, emptyMailbox(HOST));
const ids = ({ items }: Mailbox) => items.map(({ id }) => id);

describe('a mailbox', () => {
  test('gives the items of one host in order, each once', () => {
    expect(ids(filled(item('a', 'run'), item('b', 'run'), item('a', 'run')))).toEqual(['a-web1/run', 'b-web1/run']);
  });

  test('replaces the run of a part by its rollback, and appends the rollback if the run was answered', () => {
    const both = [item('a', 'run'), item('b', 'run')];
    expect(ids(filled(...both, item('a', 'roll-back')))).toEqual(['a-web1/roll-back/1', 'b-web1/run']);
    const later = answered(filled(...both), itemIdOf('a-web1', 'run', 1))?.mailbox ?? emptyMailbox(HOST);
    expect(ids(offer(later, item('a', 'roll-back')) ?? later)).toEqual(['b-web1/run', 'a-web1/roll-back/1']);
  });

  test('refuses an answer for an item that was replaced or answered', () => {
    const mailbox = filled(item('a', 'run'), item('a', 'roll-back'));
    expect(answered(mailbox, itemIdOf('a-web1', 'run', 1))).toBeNull();
    const { mailbox: after } = answered(mailbox, itemIdOf('a-web1', 'roll-back', 1)) ?? { mailbox };
    expect([ids(after), answered(after, itemIdOf('a-web1', 'roll-back', 1))]).toEqual([[], null]);
  });

  test('accepts a rollback for a host that is written off, and no run', () => {
    const given = writeOff(
      filled(item('a', 'run'), item('b', 'run'), item('a', 'run')),
      { by: 'ann', reason: 'burnt' },
      1,
    );
    expect(given.fleets).toEqual(['a', 'b']);
    expect(offer(given.mailbox, item('c', 'run'))).toBeNull();
    expect(ids(offer(given.mailbox, item('a', 'roll-back')) ?? given.mailbox)).toEqual([
      'a-web1/roll-back/1',
      'b-web1/run',
    ]);
  });
});

describe('a session', () => {
  const request = (session: string, agent = 'agent-one', boot = 'boot-1') => ({
    session: sessionIdSchema.parse(session),
    agent,
    boot,
    labels: {},
    version: '1',
  });
  const opened = openSession(emptyMailbox(HOST), request('session-1'), 0) ?? emptyMailbox(HOST);

  test('of a restarted agent follows at once, and its predecessor is refused', () => {
    const again = openSession(opened, request('session-2'), 1);
    expect(again?.session?.session).toBe('session-2');
    expect(heard(again ?? opened, 'session-1', null, 2)).toBeNull();
    expect(heard(again ?? opened, 'session-2', null, 2)?.seenAt).toBe(2);
  });

  test.each([
    ['a cloned host', request('session-2', 'agent-one', 'boot-2')],
    ['another agent with this name', request('session-2', 'agent-two')],
  ])('of %s is refused until the first one falls silent', (_name, other) => {
    expect(openSession(opened, other, SESSION_MS)).toBeNull();
    expect(openSession(heard(opened, 'session-1', null, 10) ?? opened, other, SESSION_MS + 10)).toBeNull();
    expect(openSession(opened, other, SESSION_MS + 1)?.session?.session).toBe('session-2');
  });

  test('ends the write-off of its host', () => {
    const gone = writeOff(opened, { by: 'ann', reason: 'burnt' }, 1).mailbox;
    expect(openSession(gone, request('session-2'), 2)?.writtenOff).toBeNull();
    expect(heard(gone, 'session-1', null, 2)?.writtenOff).toBeNull();
  });
});
