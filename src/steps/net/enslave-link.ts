import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import type { Argv } from '../../engine/ports/command.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { Link } from '../../host/ip/link.ts';
import {
  claimedByAnotherRun,
  identityOf,
  isRecorded,
  linkIdentitySchema,
  linkInUse,
  linksAt,
  namedIn,
  requireNamed,
} from './link-target.ts';
import { linkNameSchema } from './name-schema.ts';
import { gone, hostPlace, lookIn, runAt, STANDING } from './place.ts';

/** Makes a link on the host a port of a bridge. */
export const enslaveLink = defineStep({
  kind: 'net.enslave',
  description: 'Makes a link on the host a port of a bridge.',
  input: z.object({ link: linkNameSchema, bridge: linkNameSchema }),
  output: z.object({ link: z.string(), bridge: z.string() }),
  record: linkIdentitySchema.extend({
    bridge: z.string(),
    bridgeIndex: z.number().int(),
    previousMaster: z.string().nullable(),
  }),
  survivesReboot: false,
  alters: ['network'],
  commands: ({ link, bridge }) => [enslave(link, bridge)],
  rehearse: ({ link, bridge }) => ({ link, bridge }),

  async observe({ link: name, bridge: bridgeName }, context, earlier) {
    const place = earlier?.place ?? hostPlace(context.host);
    const links = await linksAt(context, place);
    const link = requireNamed(links, place, name);
    const bridge = requireNamed(links, place, bridgeName);
    if (bridge.kind !== 'bridge') return { found: 'foreign', error: linkInUse(place, bridge) };
    const refusal = claimedByAnotherRun(context, place, link) ?? claimedByAnotherRun(context, place, bridge);
    if (refusal !== undefined) return { found: 'foreign', error: refusal };
    const output = { link: name, bridge: bridgeName };
    const same = earlier !== undefined && isRecorded(link, earlier) && earlier.bridgeIndex === bridge.ifindex;
    const intended = same ? earlier : undefined;
    const target = `link ${name} in bridge ${bridgeName}`;
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

  look: (record, context) =>
    lookIn(async () => {
      const links = await linksAt(context, record.place);
      const link = links.find((candidate) => isRecorded(candidate, record));
      if (link === undefined) return gone(`the link ${record.link} is gone`);
      const bridge = links.find(({ ifindex }) => ifindex === record.bridgeIndex);
      if (bridge === undefined) return gone(`the bridge ${record.bridge} is gone`);
      return link.master === bridge.name ? STANDING : gone(`${link.name} is no longer in ${bridge.name}`);
    }),

  async undo(record, context) {
    const links = await linksAt(context, record.place);
    const link = links.find((candidate) => isRecorded(candidate, record));
    const bridge = links.find(({ ifindex }) => ifindex === record.bridgeIndex);
    if (link === undefined || bridge === undefined || link.master !== bridge.name) return;
    // The bridge it came from may have gone meanwhile.
    const previous = record.previousMaster === null ? null : namedIn(links, record.previousMaster);
    await runAt(context, record.place, previous === null ? release(link.name) : enslave(link.name, previous.name));
  },
  undoCommands: ({ link, previousMaster }) => [previousMaster === null ? release(link) : enslave(link, previousMaster)],
});

function enslave(link: string, bridge: string): Argv {
  return ['ip', 'link', 'set', 'dev', link, 'master', bridge];
}

function release(link: string): Argv {
  return ['ip', 'link', 'set', 'dev', link, 'nomaster'];
}

/** The kernel lowers the MTU of a bridge to that of its smallest port: a change that nobody asked for. */
function requireSameMtu(link: Link, bridge: Link): void {
  if (link.mtu === bridge.mtu) return;
  throw new WfError(
    'E_STEP_FAILED',
    `${link.name} has an MTU of ${link.mtu} and the bridge ${bridge.name} one of ${bridge.mtu}: the kernel would change the bridge's`,
    { hint: `Make the link with an MTU of ${bridge.mtu}.` },
  );
}
