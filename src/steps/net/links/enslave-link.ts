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
  linkInUse,
  linksAt,
  namedIn,
  requireNamed,
} from '../link-target.ts';
import { linkNameSchema } from '../name-schema.ts';
import { gone, IN_PLACE, observeIn, placeOf, runAt, typedAt, typedIn, undoIn } from '../place.ts';

export const enslaveLink = defineStep({
  kind: 'net.enslave',
  description: 'Adds a link to a bridge as a port.',
  input: z.object({
    link: linkNameSchema.describe('link name'),
    bridge: linkNameSchema.describe('bridge name'),
    in: placeInput,
  }),
  output: z.object({ link: z.string().describe('link name'), bridge: z.string().describe('bridge name') }),
  record: linkIdentitySchema.extend({
    bridge: z.string(),
    bridgeIndex: z.number().int(),
    previousMaster: z.string().nullable(),
  }),
  survivesReboot: false,
  alters: ['network'],
  commands: ({ link, bridge, in: where }) => [typedIn(where, enslave(link, bridge))],
  rehearse: ({ link, bridge }) => ({ link, bridge }),

  async observe({ link: name, bridge: bridgeName, in: where }, context, earlier) {
    const place = earlier?.place ?? placeOf(where, context.host);
    const links = await linksAt(context, place);
    const link = requireNamed(links, place, name);
    const bridge = requireNamed(links, place, bridgeName);
    if (bridge.kind !== 'bridge') return { found: 'foreign', error: linkInUse(place, bridge) };
    const refusal = claimedByAnotherRun(context, place, link) ?? claimedByAnotherRun(context, place, bridge);
    if (refusal !== undefined) return { found: 'foreign', error: refusal };
    const output = { link: name, bridge: bridgeName };
    const same = earlier !== undefined && isRecorded(link, earlier) && earlier.bridgeIndex === bridge.ifindex;
    const intended = same ? earlier : undefined;
    const target = `link ${name} in bridge ${bridgeName}${where === null ? '' : ` in ${where.name}`}`;
    const record = intended ?? {
      ...identityOf(place, link),
      bridge: bridge.name,
      bridgeIndex: bridge.ifindex,
      previousMaster: link.master,
    };
    if (link.master === bridge.name) {
      return intended === undefined ? { found: 'unchanged', output } : { found: 'ours', target, record, output };
    }
    requireSameMtu(link, bridge);
    return { found: 'absent', target, record };
  },

  async apply({ link, bridge }, record, _found, context) {
    await runAt(context, record.place, enslave(link, bridge));
    return record;
  },

  inspect: (record, context) =>
    observeIn(async () => {
      const links = await linksAt(context, record.place);
      const link = links.find((candidate) => isRecorded(candidate, record));
      if (link === undefined) return gone(`the link ${record.link} is gone`);
      const bridge = links.find(({ ifindex }) => ifindex === record.bridgeIndex);
      if (bridge === undefined) return gone(`the bridge ${record.bridge} is gone`);
      return link.master === bridge.name ? IN_PLACE : gone(`${link.name} is not a port of ${bridge.name}`);
    }),

  undo: (record, context) =>
    undoIn(async () => {
      const links = await linksAt(context, record.place);
      const link = links.find((candidate) => isRecorded(candidate, record));
      const bridge = links.find(({ ifindex }) => ifindex === record.bridgeIndex);
      if (link === undefined || bridge === undefined || link.master !== bridge.name) return;
      // The previous bridge may be gone by now.
      const previous = record.previousMaster === null ? null : namedIn(links, record.previousMaster);
      await runAt(context, record.place, previous === null ? release(link.name) : enslave(link.name, previous.name));
    }),
  undoCommands: ({ place, link, previousMaster }) => [
    typedAt(place, previousMaster === null ? release(link) : enslave(link, previousMaster)),
  ],
});

function enslave(link: string, bridge: string): Argv {
  return ['ip', 'link', 'set', 'dev', link, 'master', bridge];
}

function release(link: string): Argv {
  return ['ip', 'link', 'set', 'dev', link, 'nomaster'];
}

/** Refuses a smaller MTU than that of the bridge: the kernel would lower the MTU of the bridge, an unwanted change. */
function requireSameMtu(link: Link, bridge: Link): void {
  if (link.mtu === bridge.mtu) return;
  throw new WfError(
    'E_STEP_FAILED',
    `${link.name} has MTU ${link.mtu} and the bridge ${bridge.name} has MTU ${bridge.mtu}: the kernel would lower the MTU of the bridge`,
    { hint: `Create the link with MTU ${bridge.mtu}.` },
  );
}
