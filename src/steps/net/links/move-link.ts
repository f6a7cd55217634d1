import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { linkAliasOf } from '../../../engine/model/identity/mark.ts';
import type { Argv } from '../../../engine/ports/command.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import type { HostContext } from '../../../engine/workflow/step.ts';
import { cidrOf, type Link, readLinks } from '../../../host/ip/link.ts';
import { openNamespace } from '../../../host/namespaces/open-namespace.ts';
import { namespaceOfHandle, type PlaceHandle, placeHandleSchema, processInPath } from '../../place-handle.ts';
import { claimedByAnotherRun, linkInUse, linksAt, namedIn, requireNamed } from '../link-target.ts';
import { linkNameSchema } from '../name-schema.ts';
import {
  gone,
  hostPlace,
  IN_PLACE,
  inNamespaceOf,
  namespaceOf,
  observeIn,
  type Place,
  placeSchema,
  runAt,
  typedIn,
  undoIn,
} from '../place.ts';

const record = z.object({
  from: placeSchema,
  /** Argument of `ip link set ... netns` that moves it back by hand. */
  home: z.string(),
  to: placeHandleSchema,
  link: z.string(),
  /** Name of the link there. */
  name: z.string(),
  /** Constant through the move; the ifindex may change. */
  mac: z.string(),
  alias: z.string().nullable(),
  wasUp: z.boolean(),
});
type MoveRecord = z.infer<typeof record>;

/** Moves a link from the host into another network namespace and optionally renames it. */
export const moveLink = defineStep({
  kind: 'net.move',
  description: 'Moves a link from the host into the network namespace of a container, or a named one.',
  input: z.object({
    link: linkNameSchema.describe('link name on the host'),
    to: placeHandleSchema.describe(
      'container, named namespace or host that gets the link, an output of `docker.container`, `net.namespace` or `host.place`',
    ),
    name: linkNameSchema.optional().describe('link name there'),
  }),
  output: z.object({
    link: z.string().describe('name of the link there'),
    to: z.string().describe('name of the container or namespace'),
    ifindex: z.number().int().describe('interface index there'),
  }),
  record,
  survivesReboot: false,
  alters: ['network'],
  commands: ({ link, to, name }) => [moveCommand(link, argumentFor(to), name ?? link)],
  rehearse: ({ link, to, name }) => ({ link: name ?? link, to: to.name, ifindex: 2 }),

  async observe({ link: hostName, to, name = hostName }, context, earlier) {
    const from = earlier?.from ?? hostPlace(context.host);
    const inside = inNamespaceOf(to);
    const target = `link ${hostName} moved into ${to.name}`;
    const [hostLinks, insideLinks] = await Promise.all([linksAt(context, from), linksAt(context, inside)]);
    const onHost = namedIn(hostLinks, hostName);
    const present = namedIn(insideLinks, name);
    if (present !== null) {
      const intended = earlier !== undefined && isRecorded(present, earlier) && present.name === name;
      // Without an intent, the mark identifies the link only if no marked link is left on the host to be moved.
      const marked = present.alias === linkAliasOf(context.run) && onHost === null;
      if (!intended && !marked) return { found: 'foreign', error: linkInUse(inside, present) };
      const output = { link: name, to: to.name, ifindex: present.ifindex };
      const known = intended ? earlier : recordOf(context, from, to, hostName, name, present);
      return { found: 'ours', target, record: known, output };
    }
    const link = requireNamed(hostLinks, from, hostName);
    const refusal = claimedByAnotherRun(context, from, link) ?? cannotReturn(from, link);
    if (refusal !== undefined) return { found: 'foreign', error: refusal };
    return { found: 'absent', target, record: recordOf(context, from, to, hostName, name, link) };
  },

  async apply(_input, move, _found, context) {
    const { to, link, name } = move;
    // Opened before the check and kept open, so that a reused pid cannot redirect the link.
    const destination = openNamespace(namespaceOfHandle(to));
    try {
      const typed = moveCommand(link, argumentFor(to), name);
      await runAt(context, move.from, moveCommand(link, INHERITED, name), typed, { inherited: destination.descriptor });
    } finally {
      destination.close();
    }
    return move;
  },

  inspect: (move, context) =>
    observeIn(async () => {
      if ((await movedLink(context, move)) !== undefined) return IN_PLACE;
      if ((await leftDown(context, move)) !== undefined) return IN_PLACE;
      return gone(`${move.name} is not in ${move.to.name}`);
    }),

  undo: (move, context) =>
    undoIn(async () => {
      const link = await movedLink(context, move);
      if (link !== undefined) await moveBack(context, move, link);
      const down = await leftDown(context, move);
      if (down !== undefined) await runAt(context, move.from, ['ip', 'link', 'set', 'dev', down.name, 'up']);
    }),
  undoCommands: ({ to, home, link, name, wasUp }) => [
    typedIn(to, moveCommand(name, home, link)),
    ...(wasUp ? [['ip', 'link', 'set', 'dev', link, 'up'] as const] : []),
  ],
});

/** Path of the inherited namespace descriptor in the child process. */
const INHERITED = '/proc/self/fd/3';

/** Returns the argument of `ip link set ... netns` for a person: the pid of a container's process, or the path of a named namespace. */
function argumentFor({ namespace }: PlaceHandle): string {
  return processInPath(namespace) ?? namespace.path;
}

/** Moves and renames the link in one request, so that the destination never has two links with one name. */
function moveCommand(link: string, namespace: string, name: string): Argv {
  const move: Argv = ['ip', 'link', 'set', 'dev', link, 'netns', namespace];
  return name === link ? move : [...move, 'name', name];
}

function recordOf(
  { host }: HostContext,
  from: Place,
  to: PlaceHandle,
  hostName: string,
  name: string,
  link: Link,
): MoveRecord {
  return {
    from,
    home: host.namespace.wayTo(),
    to,
    link: hostName,
    name,
    mac: link.mac ?? '',
    alias: link.alias,
    wasUp: link.up,
  };
}

function isRecorded(link: Link, move: MoveRecord): boolean {
  return link.mac === move.mac && link.alias === move.alias;
}

async function movedLink(context: HostContext, move: MoveRecord): Promise<Link | undefined> {
  const inside = await readLinks(context.host.command, namespaceOfHandle(move.to));
  return inside.find((link) => isRecorded(link, move));
}

async function moveBack(context: HostContext, move: MoveRecord, link: Link): Promise<void> {
  // Safe only once the host is known to be the origin of the link.
  namespaceOf(move.from, context.host);
  const home = openNamespace(context.host.namespace.own());
  const inside = inNamespaceOf(move.to);
  try {
    const back = moveCommand(link.name, INHERITED, move.link);
    await runAt(context, inside, back, moveCommand(link.name, move.home, move.link), {
      inherited: home.descriptor,
    });
  } finally {
    home.close();
  }
}

/** Returns the link if it is back on the host but down: moving a link takes it down, and it was up before. */
async function leftDown(context: HostContext, move: MoveRecord): Promise<Link | undefined> {
  if (!move.wasUp) return undefined;
  const links = await linksAt(context, move.from);
  return links.find((link) => isRecorded(link, move) && !link.up);
}

/** Refuses a move that cannot be undone: a move removes a link from its bridge and deletes its addresses. */
function cannotReturn(from: Place, link: Link): WfError | undefined {
  if (link.master !== null) return linkInUse(from, link);
  const address = link.addresses.find(({ scope }) => scope !== 'link');
  if (address === undefined) return undefined;
  return new WfError(
    'E_LINK_IN_USE',
    `${link.name} has the address ${cidrOf(address)} on the host: moving the link would delete it`,
    {
      hint: `Remove the address first with \`ip address delete ${cidrOf(address)} dev ${link.name}\`.`,
    },
  );
}
