import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { limitText } from '../../../engine/model/time-limit.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import { hostAddressProblem } from '../../addresses.ts';
import { placeInput } from '../../place-handle.ts';
import { requireLink } from '../link-target.ts';
import { addressSchema, cidrSchema, linkNameSchema } from '../name-schema.ts';
import { placeName, placeOf, typedIn } from '../place.ts';
import { ANSWER_MS, addressInUse, askSegment, holderInNetwork } from './address-holder.ts';

const outputSchema = z.object({
  free: z.literal(true).describe('nothing uses the address; else the step fails'),
  checked: z.array(z.string()).describe('checked sources, in words'),
});
type AddressFree = z.infer<typeof outputSchema>;

/** Checks that an address is free: no member of the Docker network has it, and no machine answers for it on the segment. */
export const checkAddressFree = defineStep({
  kind: 'net.address-free',
  description: 'Checks that nobody on a segment has an address.',
  input: z.object({
    address: addressSchema.describe('address without prefix length'),
    link: linkNameSchema.describe('link on the segment: the bridge'),
    networkId: z.string().nullable().describe('id of the Docker network of the segment, or null'),
    subnet: cidrSchema.nullable().default(null).describe('subnet that must contain the address'),
    in: placeInput,
  }),
  output: outputSchema,
  commands: ({ address, link, in: where }) => [
    typedIn(where, ['ip', 'neighbour', 'replace', address, 'dev', link, 'use']),
    typedIn(where, ['ip', 'neighbour', 'show', address, 'dev', link, 'nud', 'all']),
  ],
  rehearse: (): AddressFree => ({ free: true, checked: [] }),

  async read({ address, link: name, networkId, subnet, in: where }, context): Promise<AddressFree> {
    const problem = subnet === null ? undefined : hostAddressProblem(address, subnet);
    if (problem !== undefined) {
      throw new WfError('E_STEP_INPUT', problem, {
        hint: 'Choose another address of that subnet in the input, or let wf choose one.',
      });
    }
    const place = placeOf(where, context.host);
    const link = await requireLink(context, place, name);
    if (link.addresses.some((one) => one.address === address))
      throw addressInUse(address, `the link ${name} ${placeName(place)}`);
    const checked = [`the addresses of ${name}`];
    if (networkId !== null) {
      const { holder, searched } = await holderInNetwork(context, networkId, address);
      if (holder !== null) throw addressInUse(address, holder);
      checked.push(searched);
    }
    const holder = await askSegment(context, place, name, address);
    if (holder !== undefined) throw addressInUse(address, `${holder.mac ?? 'a machine'} on the segment of ${name}`);
    checked.push(`the segment of ${name}: no answer within ${limitText(ANSWER_MS)}`);
    return { free: true, checked };
  },
});
