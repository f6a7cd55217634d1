import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { commandLine } from '../../../engine/model/evidence.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import { readVxlanLinks, VXLAN_LINKS } from '../../../host/ip/vxlan.ts';
import { placeInput } from '../../place-handle.ts';
import { linkNameSchema } from '../name-schema.ts';
import { namespaceOf, placeName, placeOf, tryAt, typedIn } from '../place.ts';

const LARGEST_VNI = 0xff_ffff;
const vniSchema = z.number().int().min(0).max(LARGEST_VNI).describe('VXLAN network identifier (VNI)');
const portSchema = z.number().int().min(1).max(65_535).describe('UDP port of the tunnel ends');

/** Reads a VXLAN link; with `expect` it proves which network and port it has. */
export const observeVxlan = defineStep({
  kind: 'net.vxlan',
  description: 'Reads a VXLAN link: network identifier, port, tunnel end, MTU.',
  input: z.object({
    link: linkNameSchema.describe('link name'),
    expect: z
      .strictObject({ vni: vniSchema, port: portSchema, mtu: z.number().int().describe('MTU in bytes') })
      .nullable()
      .default(null)
      .describe('properties that the link must have'),
    in: placeInput,
  }),
  output: z.object({
    link: z.string().describe('link name'),
    vni: vniSchema,
    port: portSchema,
    local: z.string().nullable().describe('address of its own tunnel end; null if the kernel chooses it'),
    parent: z.string().nullable().describe('link below it; null for none'),
    bridge: z.string().nullable().describe('bridge that it is a port of; null for none'),
    mtu: z.number().int().describe('MTU in bytes'),
    up: z.boolean().describe('administrative state'),
    learning: z.boolean().describe('whether it learns tunnel ends from the frames that arrive'),
  }),
  commands: ({ link, in: where }) => [typedIn(where, ['ip', '-details', 'link', 'show', 'dev', link])],
  rehearse: ({ link, expect }) => ({
    link,
    vni: expect?.vni ?? 1,
    port: expect?.port ?? 4789,
    local: null,
    parent: null,
    bridge: null,
    mtu: expect?.mtu ?? 1450,
    up: true,
    learning: true,
  }),

  async read({ link, expect, in: where }, context) {
    const place = placeOf(where, context.host);
    const found = await readVxlanLinks(context.host.command, namespaceOf(place, context.host));
    await tryAt(context, place, ['ip', '-details', 'link', 'show', 'dev', link]);
    const seen = found.find(({ name }) => name === link);
    if (seen === undefined) {
      throw new WfError('E_STEP_FAILED', `there is no VXLAN link ${link} ${placeName(place)}`, {
        hint: `List them with \`${commandLine(['ip', ...VXLAN_LINKS])}\`.`,
      });
    }
    const { name: _name, ...properties } = seen;
    const { vni, port, mtu } = properties;
    if (expect !== null && (vni !== expect.vni || port !== expect.port || mtu !== expect.mtu)) {
      const described = (one: { vni: number; port: number; mtu: number }) =>
        `VNI ${one.vni}, port ${one.port}, MTU ${one.mtu}`;
      throw new WfError(
        'E_NOT_PROVEN',
        `${link} ${placeName(place)} has ${described({ vni, port, mtu })}, not ${described(expect)}`,
        { hint: `Inspect it with \`ip -details link show dev ${link}\`.` },
      );
    }
    return { link, ...properties };
  },
});
