import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FleetEvent } from '../../../src/fleet/model/decide.ts';
import {
  DEMANDS,
  type FleetRequest,
  type FleetRun,
  fleetStatus,
  isFailure,
  isOpen,
  PART_STATUSES,
} from '../../../src/fleet/model/fleet-run.ts';
import type { HostName } from '../../../src/fleet/model/ids.ts';
import type { Answer, Item } from '../../../src/fleet/model/item.ts';
import { answered, emptyMailbox, type Mailbox, offer, writeOff } from '../../../src/fleet/model/mailbox.ts';
import { beginInMemory, playInMemory } from '../../support/fleet/fleet-in-memory.ts';
import { fleetRequest } from '../../support/fleet/fleet-request.ts';

/** A host as its local database and its kernel know it. */
interface Host {
  readonly name: HostName;
  /** State of each part. */
  readonly parts: Map<string, 'tombstone' | 'running' | 'changed' | 'undone' | 'stuck'>;
  /** Parts that were started, in order. */
  readonly started: string[];
  /** Answers that the mailbox has not acknowledged, and may receive twice. */
  readonly sent: { readonly item: Item; readonly answer: Answer }[];
}

/** A fleet run, mailboxes and hosts, with messages that are delivered in any order, more than once, and after any delay. */
class World {
  fleet: FleetRun;
  readonly mailboxes: Map<HostName, Mailbox>;
  readonly hosts: readonly Host[];
  readonly toMailbox: { readonly host: HostName; readonly item: Item }[] = [];
  readonly toFleet: FleetEvent[] = [];
  private at = 1;

  constructor(request: FleetRequest) {
    const { fleet, offers } = beginInMemory(request, 0);
    this.fleet = fleet;
    this.toMailbox.push(...offers);
    this.mailboxes = new Map(request.hosts.map((host) => [host, emptyMailbox(host)]));
    this.hosts = request.hosts.map((name) => ({ name, parts: new Map(), started: [], sent: [] }));
  }

  mailbox(host: HostName): Mailbox {
    return this.mailboxes.get(host) ?? emptyMailbox(host);
  }

  /** Takes one of the possible steps. @param luck chooses */
  step(luck: number, mayDisturb: boolean): boolean {
    const steps = [
      ...this.toMailbox.map((_, index) => () => this.deliverOffer(index)),
      ...this.toFleet.map((_, index) => () => this.deliverEvent(index)),
      ...this.hosts.flatMap((host) => this.stepsOf(host, luck)),
      ...(mayDisturb ? this.disturbances(luck) : []),
    ];
    steps[luck % Math.max(1, steps.length)]?.();
    return steps.length > 0;
  }

  private deliverOffer(index: number): void {
    for (const { host, item } of this.toMailbox.splice(index, 1)) {
      const next = offer(this.mailbox(host), item);
      if (next === null) this.toFleet.push({ type: 'written-off', host, by: 'ann', reason: 'gone' });
      else this.mailboxes.set(host, next);
    }
  }

  private deliverEvent(index: number): void {
    for (const event of this.toFleet.splice(index, 1)) this.apply(event);
  }

  private apply(event: FleetEvent): void {
    this.at += 1;
    const { fleet, offers } = playInMemory(this.fleet, event, this.at);
    expect(fleet.version).toBeGreaterThanOrEqual(this.fleet.version);
    this.fleet = fleet;
    this.toMailbox.push(...offers);
    requireCounted(fleet);
  }

  /** Acts of the agent of a host: it works on the first item, or sends an answer, perhaps again. */
  private stepsOf(host: Host, luck: number): (() => void)[] {
    const [item] = this.mailbox(host.name).items;
    return [
      ...(item === undefined || host.sent.some((one) => one.item.id === item.id)
        ? []
        : [() => this.work(host, item, luck)]),
      ...host.sent.map((_, index) => () => this.send(host, index, luck)),
    ];
  }

  private work(host: Host, item: Item, luck: number): void {
    const state = host.parts.get(item.part);
    if (item.action === 'run') {
      if (state === undefined) {
        host.started.push(item.part);
        host.parts.set(item.part, 'running');
      } else if (state === 'tombstone') {
        host.sent.push({ item, answer: { type: 'tombstoned' } });
      } else {
        const end = state === 'running' ? (['changed', 'undone', 'stuck'] as const)[(luck >> 3) % 3] : state;
        host.parts.set(item.part, end ?? 'changed');
        host.sent.push({ item, answer: answerOf(end) });
      }
      return;
    }
    if (state === undefined || state === 'tombstone') {
      host.parts.set(item.part, 'tombstone');
      host.sent.push({ item, answer: { type: 'tombstoned' } });
      return;
    }
    const end = (luck >> 3) % 5 === 0 ? 'stuck' : 'undone';
    host.parts.set(item.part, end);
    host.sent.push({ item, answer: answerOf(end === 'undone' ? 'undone' : 'stuck') });
  }

  private send(host: Host, index: number, luck: number): void {
    const sent = host.sent[index];
    if (sent === undefined) return;
    // The acknowledgement may be lost.
    if ((luck >> 5) % 3 > 0) host.sent.splice(index, 1);
    const taken = answered(this.mailbox(host.name), sent.item.id);
    if (taken === null) return;
    this.mailboxes.set(host.name, taken.mailbox);
    const { action } = taken.item;
    this.toFleet.push({ type: 'answered', host: host.name, action, answer: sent.answer });
  }

  private disturbances(luck: number): (() => void)[] {
    const host = this.hosts[(luck >> 2) % this.hosts.length]?.name;
    const kind = DEMANDS[(luck >> 4) % DEMANDS.length] ?? 'cancel';
    return [
      () => this.apply({ type: 'demanded', demand: { kind, by: 'ann', comment: null } }),
      () => {
        if (host === undefined) return;
        const given = writeOff(this.mailbox(host), { by: 'ann', reason: 'gone' }, 1);
        this.mailboxes.set(host, given.mailbox);
        for (const _ of given.fleets) this.toFleet.push({ type: 'written-off', host, by: 'ann', reason: 'gone' });
      },
      // The host returns.
      () => {
        if (host !== undefined) this.mailboxes.set(host, { ...this.mailbox(host), writtenOff: null });
      },
    ];
  }
}

/** The counts of the head equal those of the parts. */
function requireCounted({ counts, failures, parts, request }: FleetRun): void {
  expect(parts.map(({ host }) => host)).toEqual(request.hosts);
  const counted = PART_STATUSES.map((status) => [status, parts.filter((part) => part.status === status).length]);
  expect([counts, failures]).toEqual([Object.fromEntries(counted), parts.filter(isFailure).length]);
}

function answerOf(end: 'changed' | 'undone' | 'stuck' | 'running' | undefined): Answer {
  return {
    type: 'ended',
    status: end === 'undone' ? 'rolled-back' : end === 'stuck' ? 'needs-attention' : 'succeeded',
    definitionHash: 'a'.repeat(64),
    restored: end === 'undone',
    changesInPlace: end === 'undone' ? 0 : 1,
    startedAt: null,
    finishedAt: null,
    error: null,
  };
}

const settings = fc.record({
  hosts: fc.integer({ min: 1, max: 5 }),
  canary: fc.option(fc.integer({ min: 1, max: 3 })),
  atOnce: fc.option(fc.record({ hosts: fc.integer({ min: 1, max: 3 }) })),
  maxFailures: fc.integer({ min: 0, max: 2 }),
  approve: fc.boolean(),
});

/** Returns the choices of one sequence of events. */
function choices(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    // The linear congruential generator of Numerical Recipes; its low bits are poor.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
}

test('every host is accounted for, and none is left changed after a rollback, in any order of messages', () => {
  const ends = new Set<string>();
  fc.assert(
    fc.property(settings, fc.nat(), fc.integer({ min: 0, max: 60 }), ({ hosts, ...given }, seed, disturbed) => {
      const world = new World(fleetRequest(hosts, given));
      const choose = choices(seed);
      for (let index = 0; index < 2_000; index += 1) {
        const moved = world.step(choose(), index < disturbed);
        const { fleet } = world;
        for (const { started } of world.hosts) expect(new Set(started).size).toBe(started.length);
        if (fleet.phase === 'ended') expect(fleet.parts.filter(isOpen)).toEqual([]);
        // A wave begins when the last one is over: at most one is open.
        if (fleet.phase === 'rolling-out') {
          expect(new Set(fleet.parts.filter(isOpen).map(({ wave }) => wave)).size).toBeLessThanOrEqual(1);
        }
        if (moved) continue;
        // Nothing is under way: what remains is for people.
        const status = fleetStatus(fleet);
        ends.add(status);
        expect(['waiting', 'paused', 'succeeded', 'rolled-back', 'needs-attention']).toContain(status);
        for (const { name, parts } of world.hosts) {
          const part = fleet.parts.find(({ host }) => host === name);
          const [state] = parts.values();
          if (status === 'rolled-back') expect([undefined, 'tombstone', 'undone']).toContain(state);
          if (part?.writtenOff != null) expect([undefined, 'tombstone', 'undone', 'stuck']).toContain(state);
          if (part?.status === 'undone') expect([undefined, 'tombstone', 'undone']).toContain(state);
          if (state === 'stuck') expect(status).not.toBe('succeeded');
        }
        return;
      }
      throw new Error(`it has not settled: ${JSON.stringify(world.fleet)}`);
    }),
    // One in eighty ends paused.
    { numRuns: 1_000 },
  );
  expect([...ends].sort()).toEqual(['needs-attention', 'paused', 'rolled-back', 'succeeded', 'waiting']);
});
