import { z } from 'zod';
import type { Json, JsonObject } from '../../engine/model/json.ts';
import type { CommandPort } from '../../engine/ports/command.ts';
import { readSection, type Section, unreadableSection } from '../differences/shape.ts';
import { parseOutput, UnexpectedOutput } from './parse-output.ts';
import { readWith } from './read-section.ts';

type Entry = readonly [subject: string, attributes: Json];

const attributes = z.record(z.string(), z.json());
const qdiscEntry = z.looseObject({
  kind: z.string(),
  dev: z.string(),
  handle: z.string(),
  parent: z.string().optional(),
});
type Qdisc = z.output<typeof qdiscEntry>;
const filterEntry = z.looseObject({ kind: z.string(), protocol: z.string(), pref: z.number() });

/** Handle of a qdisc that the kernel itself attached: it has neither classes nor filters. */
export const DEFAULT_HANDLE = '0:';
/** Kinds whose classes users create; the classes of the others follow from the qdisc. */
const WITH_CLASSES = new Set(['htb', 'hfsc', 'drr', 'qfq', 'cbq']);
/** Kinds without filters: some machines have such a qdisc for each of 64 queues. */
const WITHOUT_FILTERS = new Set(['pfifo', 'bfifo', 'pfifo_head_drop', 'tbf', 'netem', 'fq', 'codel', 'pie', 'mq']);
/** Attachment points of filters in a clsact qdisc. */
const CLSACT_PARENTS = ['ffff:fff2', 'ffff:fff3'];
/** Counts among the options of a qdisc. */
const COUNTS = new Set(['direct_packets_stat']);

/** Reads queueing disciplines with their attached classes and filters. */
export async function trafficControlSection(command: CommandPort): Promise<Section> {
  const { read, why } = await readWith(command, ['tc', '-json', 'qdisc', 'show'], (text) =>
    parseOutput('tc', text, z.array(qdiscEntry)),
  );
  if (read === undefined) return unreadableSection(why);
  // Most machines have none, and need no further command.
  const made = read.filter(({ handle }) => handle !== DEFAULT_HANDLE);
  const classful = new Set(made.flatMap(({ kind, dev }) => (WITH_CLASSES.has(kind) ? [dev] : [])));
  const readings = await Promise.all([
    ...made
      .flatMap(parentsOfFilters)
      .map(({ dev, parent }) =>
        readWith(command, ['tc', '-json', 'filter', 'show', 'dev', dev, 'parent', parent], (text) =>
          filtersOf(text, dev, parent),
        ),
      ),
    ...[...classful].map((dev) =>
      readWith(command, ['tc', 'class', 'show', 'dev', dev], (text) => classesOf(text, dev)),
    ),
  ]);
  const failed = readings.find((reading) => reading.read === undefined);
  if (failed !== undefined) return unreadableSection(failed.why);
  return readSection([...read.map(qdiscOf), ...readings.flatMap((reading) => reading.read ?? [])]);
}

/** Parses queueing disciplines from `tc -json qdisc show`. @throws UnexpectedOutput */
export function qdiscsOf(text: string): Section {
  return readSection(parseOutput('tc', text, z.array(qdiscEntry)).map(qdiscOf));
}

function qdiscOf(qdisc: Qdisc): Entry {
  // The kernel numbers handles by creation: a recreated qdisc has another one.
  const { handle: _handle, refcnt: _refcnt, ...kept } = attributes.parse(qdisc);
  const parent = qdisc.parent === undefined ? 'root' : `parent ${qdisc.parent}`;
  return [`qdisc ${qdisc.kind} ${parent} dev ${qdisc.dev}`, withoutCounts(kept)];
}

/** Removes the counts that tc lists among the options. */
export function withoutCounts(qdisc: JsonObject): JsonObject {
  const options = attributes.safeParse(qdisc['options']).data;
  if (options === undefined) return qdisc;
  return { ...qdisc, options: Object.fromEntries(Object.entries(options).filter(([name]) => !COUNTS.has(name))) };
}

function parentsOfFilters({ dev, kind, handle }: Qdisc): readonly { readonly dev: string; readonly parent: string }[] {
  if (WITHOUT_FILTERS.has(kind)) return [];
  return (kind === 'clsact' ? CLSACT_PARENTS : [handle]).map((parent) => ({ dev, parent }));
}

function filtersOf(text: string, dev: string, parent: string): readonly Entry[] {
  return parseOutput('tc', text, z.array(filterEntry)).map((filter) => [
    `filter ${filter.protocol} pref ${filter.pref} ${filter.kind} parent ${parent} dev ${dev}`,
    { ...attributes.parse(filter), dev },
  ]);
}

/** Returns the classes of a link. tc 6.1 lists them only as text, whose lines are compared without further parsing. */
function classesOf(text: string, dev: string): readonly Entry[] {
  return text.split('\n').flatMap((line): readonly Entry[] => {
    const [, kind = '', id = '', values = ''] = /^class (\S+) (\S+) (.*)$/.exec(line.trim()) ?? [];
    if (line.trim() === '') return [];
    if (kind === '') throw new UnexpectedOutput('tc wrote an unknown line for a class');
    return WITH_CLASSES.has(kind) ? [[`class ${kind} ${id} dev ${dev}`, { kind, dev, values }]] : [];
  });
}
