import { z } from 'zod';
import { sha256 } from '../../../engine/model/digest.ts';
import { WfError } from '../../../engine/model/errors.ts';
import { linkAliasOf } from '../../../engine/model/identity/mark.ts';
import type { Argv } from '../../../engine/ports/command.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import type { Link } from '../../../host/ip/link.ts';
import { placeInput } from '../../place-handle.ts';
import { claimedByAnotherRun, linkInUse, linksAt, namedIn, requireNamed } from '../link-target.ts';
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
import { addLinkCommand, newLinkSchema } from './link-kind.ts';

export const linkRecordSchema = z.object({
  place: placeSchema,
  link: z.string(),
  kind: z.string(),
  alias: z.string(),
  /** Device group of the link until it is marked: it identifies a link that exists and is not yet marked. */
  group: z.string(),
  /** Null until the link exists. */
  ifindex: z.number().int().nullable(),
});
type LinkRecord = z.infer<typeof linkRecordSchema>;

/** Creates a link of any kind that the kernel supports, with the run's mark. */
export const createLink = defineStep({
  kind: 'net.link',
  description: 'Creates a link of any kind that the kernel supports: bridge, VLAN, VXLAN, macvlan, dummy, ...',
  input: newLinkSchema.safeExtend({ in: placeInput }),
  output: z.object({
    name: z.string().describe('link name'),
    ifindex: z.number().int().describe('interface index'),
    mac: z.string().nullable().describe('MAC address; null if the kind has none'),
    mtu: z.number().int().describe('MTU in bytes'),
  }),
  record: linkRecordSchema,
  survivesReboot: false,
  alters: ['network'],
  commands: ({ in: where, ...link }) => [typedIn(where, addLinkCommand(link))],
  rehearse: ({ name, mac, mtu }) => ({ name, ifindex: 1, mac: mac ?? '02:00:00:00:00:01', mtu: mtu ?? 1500 }),
  rehearseUndo: ({ name, in: where }) => [typedIn(where, deleteCommand(name))],

  async observe({ name, kind, parent, in: where }, context, earlier) {
    const place = earlier?.place ?? placeOf(where, context.host);
    const target = `${kind} ${name} ${placeName(place)}`;
    const links = await linksAt(context, place);
    const intended: LinkRecord = earlier ?? {
      place,
      link: name,
      kind,
      alias: linkAliasOf(context.run),
      group: groupOf(`${context.run}/${context.step}`, name),
      ifindex: null,
    };
    const refusal =
      parent === null ? undefined : claimedByAnotherRun(context, place, requireNamed(links, place, parent));
    if (refusal !== undefined) return { found: 'foreign', error: refusal };
    const link = namedIn(links, name);
    if (link === null) return { found: 'absent', target, record: intended };
    const isAdopted = earlier !== undefined || link.kind === kind;
    if (!isAdopted || !isOurs(link, intended)) return { found: 'foreign', error: linkInUse(place, link) };
    const record = { ...intended, ifindex: link.ifindex };
    if (link.alias === null) return { found: 'partial', target, record };
    return { found: 'ours', target, record, output: { name, ifindex: link.ifindex, mac: link.mac, mtu: link.mtu } };
  },

  async apply({ in: _where, ...link }, intended, found, context) {
    const { place, alias, group } = intended;
    if (found === 'absent') await runAt(context, place, addLinkCommand(link, ['group', group]), addLinkCommand(link));
    await runAt(context, place, ['ip', 'link', 'set', 'dev', link.name, 'group', 'default', 'alias', alias]);
    return intended;
  },

  inspect: (made, context) =>
    observeIn(async () => {
      const link = (await linksAt(context, made.place)).find((candidate) => isRecorded(candidate, made));
      return link === undefined ? gone(`the link ${made.link} is gone`) : IN_PLACE;
    }),

  undo: (made, context) =>
    undoIn(async () => {
      const links = await linksAt(context, made.place);
      const link = links.find((candidate) => isRecorded(candidate, made));
      if (link === undefined) return;
      const user = links.find((other) => other.alias !== made.alias && dependsOn(other, link));
      if (user !== undefined) throw usedBy(user, link);
      await runAt(context, made.place, deleteCommand(link.name));
    }),
  undoCommands: ({ place, link }) => [typedAt(place, deleteCommand(link))],
});

function deleteCommand(link: string): Argv {
  return ['ip', 'link', 'delete', 'dev', link];
}

/** Returns the device group of a new link: 31 bits, and never one of the small numbers that people use. */
function groupOf(owner: string, link: string): string {
  return String(0x4000_0000 + (Number.parseInt(sha256(`${owner}/${link}`).slice(0, 8), 16) % 0x3fff_ffff));
}

/** Returns whether a link is ours: by its mark, or before it is marked by the group of the intent. */
function isOurs(link: Link, { alias, group, ifindex }: LinkRecord): boolean {
  if (ifindex !== null && link.ifindex !== ifindex) return false;
  return link.alias === alias || (link.alias === null && link.group === group);
}

/** Returns whether this is the recorded link. The name counts only while the ifindex is unknown: the link may have been renamed. */
function isRecorded(link: Link, made: LinkRecord): boolean {
  return isOurs(link, made) && (made.ifindex !== null || link.group === made.group || link.name === made.link);
}

/** Returns whether a link is a port of another link, or would be deleted with it. */
function dependsOn(link: Link, other: Link): boolean {
  return link.master === other.name || (link.peerIfindex === other.ifindex && link.peerNamespaceId === null);
}

function usedBy(user: Link, { name, kind }: Link): WfError {
  const isPort = user.master === name;
  const command = isPort ? `ip link set dev ${user.name} nomaster` : `ip link delete dev ${user.name}`;
  return new WfError(
    'E_LINK_IN_USE',
    `the ${kind ?? 'link'} ${name} is in use: ${user.name}, which this run did not create, is ${isPort ? 'a port of it' : 'on top of it'}`,
    { hint: `Release it with \`${command}\` if nobody needs it there, then undo the run again.` },
  );
}
