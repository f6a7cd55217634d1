import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import type { Argv } from '../../../engine/ports/command.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import type { StepContext } from '../../../engine/workflow/step.ts';
import { addressesOf, cidrOf } from '../../../host/ip/link.ts';
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
import { cidrSchema, linkNameSchema } from '../name-schema.ts';
import { addressInUse, askSegment, holderInNetwork } from '../observe/address-holder.ts';
import { gone, hostPlace, IN_PLACE, observeIn, placeName, placeOf, runAt, typedAt, typedIn, undoIn } from '../place.ts';

/** Network segment on which another machine might have the address. */
const segmentSchema = z.strictObject({
  link: linkNameSchema.describe('link of the host on the segment: the bridge'),
  networkId: z.string().nullable().describe('id of the Docker network of the segment, or null'),
});
type Segment = z.infer<typeof segmentSchema>;

/** Adds an address to a link. */
export const addAddress = defineStep({
  kind: 'net.address',
  description: 'Adds an address to a link.',
  input: z.object({
    link: linkNameSchema.describe('link name'),
    address: cidrSchema.describe('address with prefix length, such as `172.18.0.100/16`'),
    in: placeInput,
    segment: segmentSchema
      .nullable()
      .default(null)
      .describe('segment on which nobody else may have the address, checked before and after; null skips the check'),
  }),
  output: z.object({
    link: z.string().describe('link name'),
    address: z.string().describe('address with prefix length'),
  }),
  record: linkIdentitySchema.extend({ address: z.string() }),
  survivesReboot: false,
  alters: ['network'],
  commands: ({ link, address, in: where }) => [typedIn(where, addressCommand('add', address, link))],
  rehearse: ({ link, address }) => ({ link, address }),

  async observe({ link: name, address, in: where, segment }, context, earlier) {
    const place = placeOf(where, context.host);
    const links = await linksAt(context, place);
    const link = requireNamed(links, place, name);
    const refusal = claimedByAnotherRun(context, place, link);
    if (refusal !== undefined) return { found: 'foreign', error: refusal };
    const target = `address ${address} on ${name} ${placeName(place)}`;
    const record = { ...identityOf(place, link), address };
    const bare = withoutPrefix(address);
    // Docker does not know this address: it may have assigned it to a container meanwhile.
    const stranger = segment === null ? null : await memberWith(bare, segment, context);
    if (stranger !== null) return { found: 'foreign', error: addressInUse(bare, stranger) };
    const holders = addressesOf(links).filter((one) => one.address === bare);
    if (holders.length === 0) return { found: 'absent', target, record };
    const other = holders.find((one) => one.ifindex !== link.ifindex || cidrOf(one) !== address);
    if (other !== undefined) {
      return {
        found: 'foreign',
        error: new WfError('E_ADDRESS_IN_USE', `${other.link} ${placeName(place)} has the address ${cidrOf(other)}`, {
          hint: 'Choose another address in the input.',
        }),
      };
    }
    const output = { link: name, address };
    // An address can carry no mark: it is ours only if an intent of this step names this very link.
    const intended = earlier !== undefined && isRecorded(link, earlier) && earlier.address === address;
    if (!intended) return { found: 'unchanged', output };
    return { found: 'ours', target, record, output };
  },

  async apply({ link, address, segment }, record, _found, context) {
    if (segment !== null) await refuseDuplicate(withoutPrefix(address), segment, context);
    await runAt(context, record.place, addressCommand('add', address, link));
    return record;
  },

  inspect: (record, context) =>
    observeIn(async () => {
      const link = await recordedLink(context, record);
      if (link === null) return gone(`the link ${record.link} is gone`);
      const hasAddress = link.addresses.some((address) => cidrOf(address) === record.address);
      return hasAddress ? IN_PLACE : gone(`${link.name} lost the address ${record.address}`);
    }),

  undo: (record, context) =>
    undoIn(async () => {
      const link = await recordedLink(context, record);
      if (!link?.addresses.some((address) => cidrOf(address) === record.address)) return;
      await runAt(context, record.place, addressCommand('delete', record.address, link.name));
    }),
  undoCommands: ({ place, link, address }) => [typedAt(place, addressCommand('delete', address, link))],
});

function addressCommand(verb: 'add' | 'delete', address: string, link: string): Argv {
  return ['ip', 'address', verb, address, 'dev', link];
}

function withoutPrefix(address: string): string {
  return address.replace(/\/.*/, '');
}

async function memberWith(address: string, { networkId }: Segment, context: StepContext): Promise<string | null> {
  if (networkId === null) return null;
  return (await holderInNetwork(context, networkId, address)).holder;
}

/** Checks that no machine on the segment answers for the address. @throws WfError E_ADDRESS_IN_USE */
async function refuseDuplicate(address: string, { link }: Segment, context: StepContext): Promise<void> {
  const holder = await askSegment(context, hostPlace(context.host), link, address);
  if (holder !== undefined) throw addressInUse(address, `${holder.mac ?? 'a machine'} on the segment of ${link}`);
}
