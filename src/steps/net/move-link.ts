import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { linkAliasOf } from '../../engine/model/mark.ts';
import type { Argv } from '../../engine/ports/command.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { cidrOf, type Link, readLinks } from '../../host/ip/link.ts';
import { openNamespace } from '../../host/namespaces/open-namespace.ts';
import { type ContainerHandle, containerHandleSchema, namespaceOfContainer } from '../container-handle.ts';
import { claimedByAnotherRun, linkInUse, linksAt, namedIn, requireNamed } from './link-target.ts';
import { linkNameSchema } from './name-schema.ts';
import {
  gone,
  hostPlace,
  lookIn,
  namespaceOf,
  type Place,
  placeSchema,
  runAt,
  STANDING,
  typedIn,
  undoIn,
} from './place.ts';

const record = z.object({
  from: placeSchema,
  /** What `ip link set ... netns` is told by hand to move it back. */
  home: z.string(),
  container: containerHandleSchema,
  link: z.string(),
  /** What it is called in the container. */
  name: z.string(),
  /** Stays the same through the move; the ifindex need not. */
  mac: z.string(),
  alias: z.string().nullable(),
  wasUp: z.boolean(),
});
type MoveRecord = z.infer<typeof record>;

/** Moves a link from the host into a container's network namespace, and gives it another name there where one is asked for. */
export const moveLink = defineStep({
  kind: 'net.move',
  description: "Moves a link from the host into a container's network namespace.",
  input: z.object({ link: linkNameSchema, container: containerHandleSchema, name: linkNameSchema.optional() }),
  output: z.object({ link: z.string(), container: z.string(), ifindex: z.number().int() }),
  record,
  survivesReboot: false,
  alters: ['network'],
  commands: ({ link, container, name }) => [moveCommand(link, String(container.pid), name ?? link)],
  rehearse: ({ link, container, name }) => ({ link: name ?? link, container: container.name, ifindex: 2 }),

  async observe({ link: hostName, container, name = hostName }, context, earlier) {
    const from = earlier?.from ?? hostPlace(context.host);
    const inside: Place = { type: 'container', container };
    const target = `link ${hostName} moved into ${container.name}`;
    const [hostLinks, insideLinks] = await Promise.all([linksAt(context, from), linksAt(context, inside)]);
    const onHost = namedIn(hostLinks, hostName);
    const present = namedIn(insideLinks, name);
    if (present !== null) {
      const intended = earlier !== undefined && isRecorded(present, earlier) && present.name === name;
      // Without an intent its mark alone speaks for it: then there must be none left that is still to be moved.
      const marked = present.alias === linkAliasOf(context.run) && onHost === null;
      if (!intended && !marked) return { found: 'foreign', error: linkInUse(inside, present) };
      const output = { link: name, container: container.name, ifindex: present.ifindex };
      const known = intended ? earlier : recordOf(context, from, container, hostName, name, present);
      return { found: 'ours', target, record: known, output };
    }
    const link = requireNamed(hostLinks, from, hostName);
    const refusal = claimedByAnotherRun(context, from, link) ?? cannotComeBack(from, link);
    if (refusal !== undefined) return { found: 'foreign', error: refusal };
    return { found: 'absent', target, record: recordOf(context, from, container, hostName, name, link) };
  },

  async apply(_input, move, _found, context) {
    const { container, link, name } = move;
    // Held open from the check on, so that a pid that is reused meanwhile cannot take the link elsewhere.
    const destination = openNamespace(namespaceOfContainer(container));
    try {
      const typed = moveCommand(link, String(container.pid), name);
      await runAt(context, move.from, moveCommand(link, INHERITED, name), typed, destination.descriptor);
    } finally {
      destination.close();
    }
    return move;
  },

  look: (move, context) =>
    lookIn(async () => {
      if ((await movedLink(context, move)) !== undefined) return STANDING;
      if ((await leftDown(context, move)) !== undefined) return STANDING;
      return gone(`${move.name} is no longer in ${move.container.name}`);
    }),

  undo: (move, context) =>
    undoIn(async () => {
      const link = await movedLink(context, move);
      if (link !== undefined) await moveBack(context, move, link);
      const down = await leftDown(context, move);
      if (down !== undefined) await runAt(context, move.from, ['ip', 'link', 'set', 'dev', down.name, 'up']);
    }),
  undoCommands: ({ container, home, link, name, wasUp }) => [
    typedIn(container, moveCommand(name, home, link)),
    ...(wasUp ? [['ip', 'link', 'set', 'dev', link, 'up'] as const] : []),
  ],
});

/** What wf holds open, as the command that inherits it reaches it. */
const INHERITED = '/proc/self/fd/3';

/** Moving and naming in one request: at no moment does the container have two links of one name. */
function moveCommand(link: string, namespace: string, name: string): Argv {
  const move: Argv = ['ip', 'link', 'set', 'dev', link, 'netns', namespace];
  return name === link ? move : [...move, 'name', name];
}

function recordOf(
  { host }: HostContext,
  from: Place,
  container: ContainerHandle,
  hostName: string,
  name: string,
  link: Link,
): MoveRecord {
  return {
    from,
    home: host.namespace.wayTo(),
    container,
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
  const inside = await readLinks(context.host.command, namespaceOfContainer(move.container));
  return inside.find((link) => isRecorded(link, move));
}

async function moveBack(context: HostContext, move: MoveRecord, link: Link): Promise<void> {
  // Only once the host is known to be the one that the link came from.
  namespaceOf(move.from, context.host);
  const home = openNamespace(context.host.namespace.own());
  const inside: Place = { type: 'container', container: move.container };
  try {
    const back = moveCommand(link.name, INHERITED, move.link);
    await runAt(context, inside, back, moveCommand(link.name, move.home, move.link), home.descriptor);
  } finally {
    home.close();
  }
}

/** The link, back on the host but down: moving takes a link down, and it was up before. */
async function leftDown(context: HostContext, move: MoveRecord): Promise<Link | undefined> {
  if (!move.wasUp) return undefined;
  const links = await linksAt(context, move.from);
  return links.find((link) => isRecorded(link, move) && !link.up);
}

/** Moving takes a link out of its bridge and away from its addresses, which moving it back would not restore. */
function cannotComeBack(from: Place, link: Link): WfError | undefined {
  if (link.master !== null) return linkInUse(from, link);
  const held = link.addresses.find((address) => address.scope !== 'link');
  if (held === undefined) return undefined;
  return new WfError(
    'E_LINK_IN_USE',
    `${link.name} has the address ${cidrOf(held)} on the host: moving it would lose that`,
    {
      hint: `Remove the address first: \`ip address delete ${cidrOf(held)} dev ${link.name}\`.`,
    },
  );
}
