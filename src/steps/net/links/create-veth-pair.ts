import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { linkAliasOf } from '../../../engine/model/identity/mark.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import type { HostContext } from '../../../engine/workflow/step.ts';
import type { Link } from '../../../host/ip/link.ts';
import { placeInput } from '../../place-handle.ts';
import { linkInUse, linksAt, namedIn } from '../link-target.ts';
import { linkNameSchema, mtuSchema } from '../name-schema.ts';
import {
  gone,
  IN_PLACE,
  observeIn,
  placeName,
  placeOf,
  placeSchema,
  runAt,
  typedAt,
  typedIn,
  undoIn,
} from '../place.ts';
import { macOf } from './derived-mac.ts';
import { mtuWords } from './link-kind.ts';

const end = z.object({
  name: z.string(),
  /** Chosen before the creation: it identifies a pair that exists and is not yet marked. */
  mac: z.string(),
  /** Null until the pair exists. */
  ifindex: z.number().int().nullable(),
});
export const vethRecordSchema = z.object({
  place: placeSchema,
  alias: z.string(),
  mtu: z.number().int().nullable(),
  first: end,
  second: end,
});
type VethRecord = z.infer<typeof vethRecordSchema>;
type VethEnd = z.infer<typeof end>;

const outputEnd = {
  name: z.string().describe('link name'),
  ifindex: z.number().int().describe('interface index'),
  mac: z.string().describe('MAC address'),
};

/** Creates a veth pair, with the run's mark on both ends. */
export const createVethPair = defineStep({
  kind: 'net.veth',
  description: 'Creates a pair of virtual Ethernet links.',
  input: z.object({
    name: linkNameSchema.describe('name of the first end'),
    peer: linkNameSchema.describe('name of the second end'),
    mtu: mtuSchema
      .nullable()
      .describe('MTU of both ends in bytes, equal to that of the bridge they join; null leaves it to the kernel'),
    in: placeInput,
  }),
  output: z.object({ ...outputEnd, peer: z.object(outputEnd).describe('second end') }),
  record: vethRecordSchema,
  survivesReboot: false,
  alters: ['network'],
  commands: ({ name, peer, mtu, in: where }) => [
    typedIn(where, [
      'ip',
      'link',
      'add',
      name,
      ...mtuWords(mtu),
      'type',
      'veth',
      'peer',
      'name',
      peer,
      ...mtuWords(mtu),
    ]),
  ],
  rehearse: ({ name, peer }) => ({
    name,
    ifindex: 1,
    mac: macOf('rehearsal', name),
    peer: { name: peer, ifindex: 2, mac: macOf('rehearsal', peer) },
  }),

  async observe({ name, peer, mtu, in: where }, context, earlier) {
    const target = `veth pair ${name} and ${peer}${where === null ? '' : ` in ${where.name}`}`;
    const intended: VethRecord = earlier ?? {
      place: placeOf(where, context.host),
      alias: linkAliasOf(context.run),
      mtu,
      first: { name, mac: macOf(`${context.run}/${context.step}`, name), ifindex: null },
      second: { name: peer, mac: macOf(`${context.run}/${context.step}`, peer), ifindex: null },
    };
    const links = await linksAt(context, intended.place);
    const first = namedIn(links, name);
    const second = namedIn(links, peer);
    if (first === null && second === null) return { found: 'absent', target, record: intended };
    for (const [link, expected] of [
      [first, intended.first],
      [second, intended.second],
    ] as const) {
      if (link !== null && !isOurs(link, expected, intended.alias, earlier !== undefined)) {
        return { found: 'foreign', error: linkInUse(intended.place, link) };
      }
    }
    if (first === null || second === null || first.peerIfindex !== second.ifindex) {
      return { found: 'unknown', error: tornApart(intended) };
    }
    const found: VethRecord = {
      ...intended,
      first: { name, mac: first.mac ?? intended.first.mac, ifindex: first.ifindex },
      second: { name: peer, mac: second.mac ?? intended.second.mac, ifindex: second.ifindex },
    };
    const complete = [first, second].every(
      (link) => link.alias === intended.alias && (mtu === null || link.mtu === mtu),
    );
    if (!complete) return { found: 'partial', target, record: found };
    const output = {
      name,
      ifindex: first.ifindex,
      mac: found.first.mac,
      peer: { name: peer, ifindex: second.ifindex, mac: found.second.mac },
    };
    return { found: 'ours', target, record: found, output };
  },

  async apply({ name, peer, mtu }, intended, found, context) {
    const { place, alias, first, second } = intended;
    if (found === 'absent') {
      const here = [name, 'address', first.mac, ...mtuWords(mtu)];
      const there = [peer, 'address', second.mac, ...mtuWords(mtu)];
      await runAt(context, place, ['ip', 'link', 'add', 'name', ...here, 'type', 'veth', 'peer', 'name', ...there]);
    }
    for (const link of [name, peer]) {
      await runAt(context, place, ['ip', 'link', 'set', 'dev', link, ...mtuWords(mtu), 'alias', alias]);
    }
    return intended;
  },

  inspect: (made, context) =>
    observeIn(async () =>
      (await remainingEnd(made, context)) === undefined
        ? gone('the pair is gone: the network namespace of one end ended, or somebody removed it')
        : IN_PLACE,
    ),

  undo: (made, context) =>
    undoIn(async () => {
      // Deleting one end deletes both, whatever namespace the other end is in.
      const link = await remainingEnd(made, context);
      if (link !== undefined) await runAt(context, made.place, ['ip', 'link', 'delete', 'dev', link.name]);
    }),
  undoCommands: ({ place, first }) => [typedAt(place, ['ip', 'link', 'delete', 'dev', first.name])],
});

/** Returns whether a link is ours: by its mark, or before it is marked by the MAC address of the intent. */
function isOurs(link: Link, expected: VethEnd, alias: string, intended: boolean): boolean {
  if (link.kind !== 'veth') return false;
  return link.alias === alias || (intended && link.alias === null && link.mac === expected.mac);
}

/** Returns an end of the pair that is still in its place. */
async function remainingEnd(made: VethRecord, context: HostContext): Promise<Link | undefined> {
  const links = await linksAt(context, made.place);
  return links.find((link) =>
    [made.first, made.second].some(
      (expected) =>
        isOurs(link, expected, made.alias, true) && (link.ifindex === expected.ifindex || link.mac === expected.mac),
    ),
  );
}

function tornApart({ place, first, second }: VethRecord): WfError {
  return new WfError(
    'E_HOST_STATE_UNKNOWN',
    `${first.name} and ${second.name} are not the two ends of one pair ${placeName(place)}`,
    { hint: 'Undo the run with `wf rollback RUN`: somebody moved or renamed one of them.' },
  );
}
