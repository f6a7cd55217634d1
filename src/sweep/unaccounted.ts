import type { z } from 'zod';
import type { RunId } from '../engine/model/ids.ts';
import type { Json } from '../engine/model/json.ts';
import type { ChangeOfRun } from '../engine/ports/history.ts';
import { connectionRecordSchema } from '../steps/docker/connect.ts';
import { containerRecordSchema } from '../steps/docker/container.ts';
import { networkRecordSchema } from '../steps/docker/network.ts';
import { GATEWAY } from '../steps/docker/swarm/gateway-bridge.ts';
import { swarmRecordSchema } from '../steps/docker/swarm/init.ts';
import { joinRecordSchema } from '../steps/docker/swarm/join.ts';
import { volumeRecordSchema } from '../steps/docker/volume.ts';
import { linkRecordSchema } from '../steps/net/links/create-link.ts';
import { vethRecordSchema } from '../steps/net/links/create-veth-pair.ts';
import { routeRecordSchema } from '../steps/net/tables/add-route.ts';
import { type MarkedObject, wordAfter } from './marked-object.ts';

/** Facts of a history about this host. */
export interface KnownRuns {
  readonly inPlace: readonly ChangeOfRun[];
  /** Unfinished runs: each may resume and use its objects. */
  readonly unfinished: ReadonlySet<RunId>;
  /** Private hosts of known runs: their contents may still be used or undone. */
  readonly privateHosts: ReadonlySet<string>;
}

/** Returns the objects that neither a change in place nor an unfinished run of the history accounts for. Pure. */
export function unaccounted(objects: readonly MarkedObject[], known: KnownRuns): readonly MarkedObject[] {
  return objects.filter((object) => !isKnown(object, known));
}

function isKnown(object: MarkedObject, { inPlace, unfinished, privateHosts }: KnownRuns): boolean {
  // Another database may have a run with the same id.
  if (object.kind === 'private-host') return privateHosts.has(object.name);
  if (object.run !== null && unfinished.has(object.run)) return true;
  // A route may use a link with the mark of another run, or none.
  return inPlace.some(
    (change) => (object.kind === 'route' || change.run === object.run) && accountsFor(change, object),
  );
}

function accountsFor({ kind, record }: ChangeOfRun, object: MarkedObject): boolean {
  const made = MADE_BY[kind];
  if (made !== undefined) return made(record, object);
  // The objects of a step runner outside wf are unknown here.
  return !OWN_KIND.test(kind);
}

const OWN_KIND = /^(docker|swarm|net|probe|exec|host)\./;

/** Returns whether the record of a change names the object, for each step runner that creates marked objects. */
const MADE_BY: Readonly<Record<string, (record: Json, object: MarkedObject) => boolean>> = {
  'docker.container': bySchema(
    containerRecordSchema,
    (made, { kind, id, name }) => kind === 'container' && (made.id === null ? made.name === name : made.id === id),
  ),
  // An undo removes all networks of this name with the run's mark.
  'docker.network': bySchema(
    networkRecordSchema,
    (made, { kind, id, name }) => kind === 'network' && (made.id === id || made.name === name),
  ),
  'docker.volume': bySchema(volumeRecordSchema, (made, { kind, name }) => kind === 'volume' && made.name === name),
  'docker.connect': bySchema(
    connectionRecordSchema,
    (made, object) =>
      object.kind === 'connection' && made.containerId === object.containerId && made.network === object.network,
  ),
  'swarm.init': bySchema(swarmRecordSchema, accountsForSwarm),
  'swarm.join': bySchema(joinRecordSchema, accountsForSwarm),
  'net.veth': bySchema(
    vethRecordSchema,
    ({ first, second }, { kind, id, name }) =>
      kind === 'link' &&
      [first, second].some((end) => (end.ifindex === null ? end.name === name : String(end.ifindex) === id)),
  ),
  'net.link': bySchema(
    linkRecordSchema,
    ({ link, ifindex }, { kind, id, name }) =>
      kind === 'link' && (ifindex === null ? link === name : String(ifindex) === id),
  ),
  'net.route': bySchema(
    routeRecordSchema,
    (made, object) =>
      object.kind === 'route' &&
      object.words[0] === made.destination &&
      wordAfter(object.words, 'via') === made.via &&
      wordAfter(object.words, 'dev') === made.link,
  ),
};

/** A change with an unreadable record accounts for every object of its run: wf then leaves them alone. */
function bySchema<Schema extends z.ZodType>(
  schema: Schema,
  names: (made: z.output<Schema>, object: MarkedObject) => boolean,
): (record: Json, object: MarkedObject) => boolean {
  return (record, object) => {
    const parsed = schema.safeParse(record);
    return !parsed.success || names(parsed.data, object);
  };
}

/** Returns whether a membership accounts for its node, or for its gateway bridge. */
function accountsForSwarm(made: z.output<typeof swarmRecordSchema>, { kind, id, name }: MarkedObject): boolean {
  if (kind === 'network') return name === GATEWAY;
  return (kind === 'swarm' || kind === 'swarm-node') && (made.node === null || made.node === id);
}
