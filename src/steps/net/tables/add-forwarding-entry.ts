import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import type { Argv } from '../../../engine/ports/command.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import type { HostContext } from '../../../engine/workflow/step.ts';
import { type ForwardingEntry, isConfigured, readForwarding } from '../../../host/ip/forwarding.ts';
import type { Link } from '../../../host/ip/link.ts';
import { placeInput } from '../../place-handle.ts';
import {
  claimedByAnotherRun,
  identityOf,
  isRecorded,
  linkIdentitySchema,
  linksAt,
  namedIn,
  recordedLink,
  requireNamed,
} from '../link-target.ts';
import { addressSchema, linkNameSchema, macSchema } from '../name-schema.ts';
import {
  gone,
  IN_PLACE,
  namespaceOf,
  observeIn,
  type Place,
  placeName,
  placeOf,
  runAt,
  typedAt,
  typedIn,
  undoIn,
} from '../place.ts';

/** Stands for all unknown addresses: a VXLAN link sends their frames to all its tunnel ends. */
const ALL_UNKNOWN = '00:00:00:00:00:00';

/** Identity of an entry in the table of its link or bridge. */
const key = {
  link: linkNameSchema.describe('port of a bridge, or VXLAN link'),
  mac: macSchema.describe('MAC address; `00:00:00:00:00:00` with `dst` is the flooding of a VXLAN link'),
  dst: addressSchema
    .nullable()
    .default(null)
    .describe('address of the tunnel end that has the MAC address; null if `link` is a port of a bridge'),
  vlan: z
    .number()
    .int()
    .min(1)
    .max(4094)
    .nullable()
    .default(null)
    .describe('VLAN; needed on a bridge that filters VLANs'),
};
type Key = z.output<z.ZodObject<typeof key>>;

const record = linkIdentitySchema.extend({
  mac: z.string(),
  dst: z.string().nullable(),
  vlan: z.number().int().nullable(),
  /** Bridge that has the entry; null if the link itself has it. */
  bridge: z.string().nullable(),
});
type EntryRecord = z.infer<typeof record>;

/** Adds an entry to the forwarding table of a bridge or of a VXLAN link. */
export const addForwardingEntry = defineStep({
  kind: 'net.fdb',
  description: 'Adds an entry to the forwarding table of a bridge or of a VXLAN link.',
  input: z.object({ ...key, in: placeInput }).superRefine(({ mac, dst, vlan }, check) => {
    const message =
      dst === null && mac === ALL_UNKNOWN
        ? 'needs `dst`: only a VXLAN link floods by an entry'
        : dst !== null && vlan !== null
          ? 'an entry with `dst` has no VLAN'
          : undefined;
    if (message !== undefined) check.addIssue({ code: 'custom', path: ['dst'], message });
  }),
  output: z.object({ link: z.string().describe('link name'), mac: z.string().describe('MAC address') }),
  record,
  survivesReboot: false,
  alters: ['network'],
  commands: ({ in: where, ...entry }) => [typedIn(where, addCommand(entry, false))],
  rehearse: ({ link, mac }) => ({ link, mac }),
  rehearseUndo: ({ in: where, ...entry }) => [typedIn(where, deleteCommand(entry))],

  async observe({ in: where, ...asked }, context, earlier) {
    const { link: name, mac, dst, vlan } = asked;
    const place = earlier?.place ?? placeOf(where, context.host);
    const [links, entries] = await Promise.all([linksAt(context, place), entriesAt(context, place)]);
    const link = requireNamed(links, place, name);
    const bridge = dst === null ? requireBridge(links, place, link, entries, vlan) : requireVxlan(place, link);
    const refusal =
      claimedByAnotherRun(context, place, link) ??
      (bridge === null ? undefined : claimedByAnotherRun(context, place, bridge));
    if (refusal !== undefined) return { found: 'foreign', error: refusal };
    const entry: EntryRecord = { ...identityOf(place, link), mac, dst, vlan, bridge: bridge?.name ?? null };
    const target = `forwarding entry ${nameOf(entry)} ${placeName(place)}`;
    const output = { link: name, mac };
    // An entry can carry no mark: it is ours only if an intent of this step names this very link.
    const isIntended =
      earlier !== undefined &&
      isRecorded(link, earlier) &&
      earlier.mac === mac &&
      earlier.dst === dst &&
      earlier.vlan === vlan;
    if (entries.some((one) => isEntry(one, entry, name))) {
      return isIntended ? { found: 'ours', target, record: entry, output } : { found: 'unchanged', output };
    }
    const rival = rivalsOf(entry, entries).find(isConfigured);
    if (rival !== undefined) return { found: 'foreign', error: addressTaken(entry, rival) };
    return { found: 'absent', target, record: entry };
  },

  async apply({ in: _where, ...asked }, entry, _found, context) {
    // A learned entry expires: it is replaced, and not restored.
    const isLearned = rivalsOf(entry, await entriesAt(context, entry.place)).length > 0;
    await runAt(context, entry.place, addCommand(asked, isLearned));
    return entry;
  },

  inspect: (entry, context) =>
    observeIn(async () => {
      const link = await recordedLink(context, entry);
      if (link === null) return gone(`the link ${entry.link} is gone`);
      const entries = await entriesAt(context, entry.place);
      const isThere = entries.some((one) => isEntry(one, entry, link.name));
      return isThere ? IN_PLACE : gone(`the forwarding entry ${nameOf(entry)} is gone`);
    }),

  undo: (entry, context) =>
    undoIn(async () => {
      const link = await recordedLink(context, entry);
      if (link === null) return;
      const entries = await entriesAt(context, entry.place);
      if (!entries.some((one) => isEntry(one, entry, link.name))) return;
      await runAt(context, entry.place, deleteCommand({ ...entry, link: link.name }));
    }),
  undoCommands: (entry) => [typedAt(entry.place, deleteCommand(entry))],
});

/** Adds a static entry for a port: a permanent one would be an address of the host itself. */
function addCommand({ link, mac, dst, vlan }: Key, isLearned: boolean): Argv {
  const verb = mac === ALL_UNKNOWN ? 'append' : isLearned ? 'replace' : 'add';
  const where = dst === null ? ['master', 'static', ...vlanWords(vlan)] : ['dst', dst, 'self', 'permanent'];
  return ['bridge', 'fdb', verb, mac, 'dev', link, ...where];
}

function deleteCommand({ link, mac, dst, vlan }: Key): Argv {
  return [
    ...(['bridge', 'fdb', 'delete', mac, 'dev', link] as const),
    ...(dst === null ? ['master', ...vlanWords(vlan)] : ['dst', dst, 'self']),
  ];
}

function vlanWords(vlan: number | null): readonly string[] {
  return vlan === null ? [] : ['vlan', String(vlan)];
}

function entriesAt({ host }: HostContext, place: Place): Promise<ForwardingEntry[]> {
  return readForwarding(host.command, namespaceOf(place, host));
}

/** Returns whether this is the entry that the step creates. */
function isEntry(one: ForwardingEntry, { mac, dst, vlan, bridge }: EntryRecord, link: string): boolean {
  if (one.mac !== mac || one.ifname !== link || !isConfigured(one)) return false;
  if (dst !== null) return one.dst === dst && one.port === undefined && one.vni === undefined;
  return one.state === 'static' && one.master === bridge && (one.vlan ?? null) === vlan;
}

/** Returns the entries that conflict with this one: in a bridge or VXLAN link, an address has only one place. */
function rivalsOf({ mac, dst, vlan, bridge, link }: EntryRecord, entries: readonly ForwardingEntry[]) {
  if (mac === ALL_UNKNOWN) return [];
  return entries.filter((one) => {
    if (one.mac !== mac) return false;
    return dst === null
      ? one.master === bridge && (one.vlan ?? null) === vlan
      : one.ifname === link && one.dst !== undefined;
  });
}

function requireVxlan(place: Place, { name, kind }: Link): null {
  if (kind === 'vxlan') return null;
  throw new WfError('E_STEP_FAILED', `${name} ${placeName(place)} is no VXLAN link: it has no tunnel ends`, {
    hint: 'Leave out `dst` for a port of a bridge.',
  });
}

function requireBridge(
  links: readonly Link[],
  place: Place,
  { name, master }: Link,
  entries: readonly ForwardingEntry[],
  vlan: number | null,
): Link {
  const bridge = master === null ? null : namedIn(links, master);
  if (bridge?.kind !== 'bridge') {
    throw new WfError('E_STEP_FAILED', `${name} ${placeName(place)} is no port of a bridge`, {
      hint: 'Add it to a bridge with a net.enslave step, or name the tunnel end (`dst`) of a VXLAN link.',
    });
  }
  const filtersVlans = entries.some((one) => one.master === bridge.name && one.vlan !== undefined);
  if (filtersVlans && vlan === null) {
    throw new WfError(
      'E_STEP_FAILED',
      `the bridge ${bridge.name} filters VLANs: an entry without one would be in each`,
      {
        hint: 'Give the step a `vlan`.',
      },
    );
  }
  return bridge;
}

function nameOf({ mac, dst, link }: EntryRecord): string {
  return `${mac} ${dst === null ? '' : `at ${dst} `}behind ${link}`;
}

function addressTaken({ mac, place }: EntryRecord, { ifname, dst, state }: ForwardingEntry): WfError {
  const where = dst === undefined ? ifname : `${ifname} at ${dst}`;
  return new WfError('E_ADDRESS_IN_USE', `${mac} ${placeName(place)} is already behind ${where} (${state})`, {
    hint: `List the entries with \`bridge fdb show dev ${ifname}\`, and remove that one if nobody needs it.`,
  });
}
