import type { z } from 'zod';
import type { RunId } from '../engine/model/ids.ts';
import type { Json } from '../engine/model/json.ts';
import type { ChangeOfRun } from '../engine/ports/history.ts';
import { containerRecordSchema } from '../steps/docker/container.ts';
import { networkRecordSchema } from '../steps/docker/network.ts';
import { routeRecordSchema } from '../steps/net/add-route.ts';
import { vethRecordSchema } from '../steps/net/create-veth-pair.ts';
import { type MarkedObject, wordAfter } from './marked-object.ts';

/** What a history knows of this host. */
export interface KnownRuns {
  readonly standing: readonly ChangeOfRun[];
  /** Runs that have not come to an end: each may go on with what it has made. */
  readonly unfinished: ReadonlySet<RunId>;
  /** Of the private hosts of runs that it knows: what is in them may still be used, or undone. */
  readonly privateHosts: ReadonlySet<string>;
}

/** Which of the objects no standing change, and no unfinished run, of the history accounts for. Pure. */
export function unaccounted(objects: readonly MarkedObject[], known: KnownRuns): readonly MarkedObject[] {
  return objects.filter((object) => !isKnown(object, known));
}

function isKnown(object: MarkedObject, { standing, unfinished, privateHosts }: KnownRuns): boolean {
  // Another database may have a run of the same id.
  if (object.kind === 'private-host') return privateHosts.has(object.name);
  if (object.run !== null && unfinished.has(object.run)) return true;
  // A route may lead over a link that tells another run than its own, or none.
  return standing.some(
    (change) => (object.kind === 'route' || change.run === object.run) && accountsFor(change, object),
  );
}

function accountsFor({ kind, record }: ChangeOfRun, object: MarkedObject): boolean {
  const made = MADE_BY[kind];
  if (made !== undefined) return made(record, object);
  // Of a step runner that is not wf's own nobody knows here what it makes.
  return !OWN_KIND.test(kind);
}

const OWN_KIND = /^(docker|net|probe|exec|host)\./;

/** Whether the record of a change names the object, by the step runners that make something that is marked. */
const MADE_BY: Readonly<Record<string, (record: Json, object: MarkedObject) => boolean>> = {
  'docker.container': bySchema(
    containerRecordSchema,
    (made, { kind, id, name }) => kind === 'container' && (made.id === null ? made.name === name : made.id === id),
  ),
  // Undoing removes all networks of this name that carry the run's mark.
  'docker.network': bySchema(
    networkRecordSchema,
    (made, { kind, id, name }) => kind === 'network' && (made.id === id || made.name === name),
  ),
  'net.veth': bySchema(
    vethRecordSchema,
    ({ first, second }, { kind, id, name }) =>
      kind === 'link' &&
      [first, second].some((end) => (end.ifindex === null ? end.name === name : String(end.ifindex) === id)),
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

/** A record that cannot be read any more accounts for whatever its run has marked: better left than taken from it. */
function bySchema<Schema extends z.ZodType>(
  schema: Schema,
  names: (made: z.output<Schema>, object: MarkedObject) => boolean,
): (record: Json, object: MarkedObject) => boolean {
  return (record, object) => {
    const parsed = schema.safeParse(record);
    return !parsed.success || names(parsed.data, object);
  };
}
