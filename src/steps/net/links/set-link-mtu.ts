import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import type { Argv } from '../../../engine/ports/command.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import type { Link } from '../../../host/ip/link.ts';
import { placeInput } from '../../place-handle.ts';
import {
  claimedByAnotherRun,
  identityOf,
  isRecorded,
  linkIdentitySchema,
  linksAt,
  recordedLink,
  requireNamed,
} from '../link-target.ts';
import { linkNameSchema, mtuSchema } from '../name-schema.ts';
import {
  gone,
  IN_PLACE,
  observeIn,
  type Place,
  placeName,
  placeOf,
  runAt,
  typedAt,
  typedIn,
  undoIn,
} from '../place.ts';

const record = linkIdentitySchema.extend({
  mtu: z.number().int(),
  previous: z.number().int(),
  /** Bridge of the link, whose MTU follows that of its ports. */
  bridge: z.string().nullable(),
});
type MtuRecord = z.infer<typeof record>;

export const setLinkMtu = defineStep({
  kind: 'net.mtu',
  description: 'Sets the MTU of a link.',
  input: z.object({
    link: linkNameSchema.describe('link name; not a bridge, whose MTU follows that of its ports'),
    mtu: mtuSchema.describe('MTU in bytes'),
    in: placeInput,
  }),
  output: z.object({
    link: z.string().describe('link name'),
    mtu: z.number().int().describe('MTU in bytes'),
    previous: z.number().int().describe('MTU before'),
  }),
  record,
  survivesReboot: false,
  alters: ['network'],
  commands: ({ link, mtu, in: where }) => [typedIn(where, setCommand(link, mtu))],
  rehearse: ({ link, mtu }) => ({ link, mtu, previous: 1500 }),

  async observe({ link: name, mtu, in: where }, context, earlier) {
    const place = earlier?.place ?? placeOf(where, context.host);
    const links = await linksAt(context, place);
    const link = requireNamed(links, place, name);
    const refusal = claimedByAnotherRun(context, place, link);
    if (refusal !== undefined) return { found: 'foreign', error: refusal };
    const own = earlier !== undefined && isRecorded(link, earlier) ? earlier : undefined;
    const target = `MTU ${mtu} of ${name} ${placeName(place)}`;
    if (link.mtu === mtu) {
      const output = { link: name, mtu, previous: own?.previous ?? mtu };
      return own === undefined ? { found: 'unchanged', output } : { found: 'ours', target, record: own, output };
    }
    if (own !== undefined && link.mtu !== own.previous) return { found: 'foreign', error: setByOthers(link, own) };
    requireReversible(links, place, link, mtu);
    const bridge = links.find((other) => other.name === link.master && other.kind === 'bridge');
    const intent = { mtu, previous: link.mtu, bridge: bridge?.name ?? null };
    return { found: 'absent', target, record: { ...identityOf(place, link), ...intent } };
  },

  async apply({ link, mtu }, intended, _found, context) {
    await runAt(context, intended.place, setCommand(link, mtu));
    return intended;
  },

  inspect: (made, context) =>
    observeIn(async () => {
      const link = await recordedLink(context, made);
      if (link === null) return gone(`the link ${made.link} is gone`);
      if (link.mtu === made.mtu) return IN_PLACE;
      if (link.mtu === made.previous) return gone(`${link.name} has its earlier MTU ${made.previous}`);
      return { found: 'unknown', error: setByOthers(link, made) };
    }),

  undo: (made, context) =>
    undoIn(async () => {
      const link = await recordedLink(context, made);
      if (link?.mtu === made.mtu) await runAt(context, made.place, setCommand(link.name, made.previous));
    }),
  undoCommands: ({ place, link, previous }) => [typedAt(place, setCommand(link, previous))],
});

function setCommand(link: string, mtu: number): Argv {
  return ['ip', 'link', 'set', 'dev', link, 'mtu', String(mtu)];
}

/** Refuses a change that an undo could not revert exactly. @throws WfError E_STEP_FAILED */
function requireReversible(links: readonly Link[], place: Place, link: Link, mtu: number): void {
  if (link.kind === 'bridge') {
    throw new WfError(
      'E_STEP_FAILED',
      `${link.name} is a bridge: its MTU follows that of its ports, and would never do so again once it is set`,
      { hint: 'Set the MTU of its ports.' },
    );
  }
  const above = links.find(
    (other) =>
      other.kind !== 'veth' &&
      other.peerIfindex === link.ifindex &&
      other.peerNamespaceId === null &&
      other.mtu > mtu &&
      other.ifindex !== link.ifindex,
  );
  if (above === undefined) return;
  throw new WfError(
    'E_STEP_FAILED',
    `${above.name} ${placeName(place)} is on top of ${link.name} and has MTU ${above.mtu}: the kernel would lower it too, and not raise it again`,
    { hint: `Set the MTU of ${above.name} to ${mtu} first, with a step of its own.` },
  );
}

function setByOthers({ name, mtu }: Link, made: MtuRecord): WfError {
  return new WfError(
    'E_FOREIGN',
    `${name} has MTU ${mtu}; the run set it from ${made.previous} to ${made.mtu}, so somebody else has changed it since`,
    {
      hint: `Keep it, or restore it with \`ip link set dev ${name} mtu ${made.previous}\`; then report it with \`wf settle RUN CHANGE --as gone\`.`,
    },
  );
}
