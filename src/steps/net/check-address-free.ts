import { z } from 'zod';
import { defineStep } from '../../engine/define-step.ts';
import { WfError } from '../../engine/errors.ts';
import type { HostContext } from '../../engine/step.ts';
import { pause } from '../../host/clock.ts';
import { type Neighbour, readNeighbours } from '../../host/ip/neighbour.ts';
import { isInSubnet } from '../addresses.ts';
import { requireLink } from './link-target.ts';
import { addressSchema, cidrSchema, linkNameSchema } from './name-schema.ts';
import { hostPlace, namespaceOf, type Place, runAt, tryAt } from './place.ts';

/** How long an answer from the segment is waited for: over a bridge of this machine it takes well below a millisecond. */
const ANSWER_MS = 60;
const POLL_MS = 10;

const outputSchema = z.object({
  free: z.literal(true),
  /** What was looked at, in words. */
  checked: z.array(z.string()),
});
type AddressFree = z.infer<typeof outputSchema>;

/** Makes sure that nobody has an address: no member of the Docker network, nobody who answers on the segment. */
export const checkAddressFree = defineStep({
  kind: 'net.address-free',
  description: 'Makes sure that nobody on a segment has an address.',
  input: z.object({
    address: addressSchema,
    /** The link of the host that is on the segment: the bridge. */
    link: linkNameSchema,
    networkId: z.string().nullable(),
    /** Fails unless the address is in it. */
    subnet: cidrSchema.nullable().default(null),
  }),
  output: outputSchema,
  commands: ({ address, link }) => [
    ['ip', 'neighbour', 'replace', address, 'dev', link, 'use'],
    ['ip', 'neighbour', 'show', address, 'dev', link, 'nud', 'all'],
  ],
  rehearse: (): AddressFree => ({ free: true, checked: [] }),

  async read({ address, link: name, networkId, subnet }, context): Promise<AddressFree> {
    if (subnet !== null && !isInSubnet(address, subnet)) {
      throw new WfError('E_STEP_INPUT', `the address ${address} is not in the subnet ${subnet}`, {
        hint: 'Choose an address of that subnet in the input, or let it be chosen.',
      });
    }
    const place = hostPlace();
    const link = await requireLink(context, place, name);
    if (link.addresses.some((held) => held.address === address)) throw inUse(address, `the link ${name} of the host`);
    const checked = [`the addresses of ${name}`];
    if (networkId !== null) checked.push(await checkNetwork(context, networkId, address));
    const holder = await askSegment(context, place, name, address);
    if (holder !== undefined) throw inUse(address, `${holder.mac ?? 'a machine'} on the segment of ${name}`);
    checked.push(`the segment of ${name}: no answer within ${ANSWER_MS} ms`);
    return { free: true, checked };
  },
});

async function checkNetwork(context: HostContext, networkId: string, address: string): Promise<string> {
  const network = await context.host.docker.network(networkId);
  if (network === null) {
    throw new WfError('E_STEP_FAILED', `there is no Docker network ${networkId}`, {
      hint: 'Look at what is there: `docker network ls`.',
    });
  }
  const member = network.members.find(({ ipv4 }) => ipv4?.split('/')[0] === address);
  if (member !== undefined) throw inUse(address, `the container ${member.name} in the network ${network.name}`);
  if (network.subnets.some(({ gateway }) => gateway === address)) {
    throw inUse(address, `the gateway of the network ${network.name}`);
  }
  return `the ${network.members.length} members of the Docker network ${network.name}`;
}

/**
 * Lets the kernel ask who has the address (ARP, or neighbour discovery for IPv6), and answers who said so. Only the
 * neighbour cache is touched, which the kernel itself refills and empties all the time.
 */
async function askSegment(
  context: HostContext,
  place: Place,
  link: string,
  address: string,
): Promise<Neighbour | undefined> {
  const { clock, command } = context.host;
  const lookUp = async (): Promise<Neighbour | undefined> =>
    (await readNeighbours(command, link, namespaceOf(place))).find((entry) => entry.address === address);
  const remembered = await lookUp();
  if (remembered?.states.includes('PERMANENT')) return remembered;
  // What is remembered from earlier may be of somebody who has left.
  if (remembered !== undefined) await tryAt(context, place, ['ip', 'neighbour', 'delete', address, 'dev', link]);
  await runAt(context, place, ['ip', 'neighbour', 'replace', address, 'dev', link, 'use']);
  const until = clock.now() + ANSWER_MS;
  let entry = await lookUp();
  while (entry?.mac == null && clock.now() < until && !context.signal.aborted) {
    await pause(clock, POLL_MS, context.signal);
    entry = await lookUp();
  }
  await tryAt(context, place, ['ip', 'neighbour', 'show', address, 'dev', link, 'nud', 'all']);
  await tryAt(context, place, ['ip', 'neighbour', 'delete', address, 'dev', link]);
  context.signal.throwIfAborted();
  return entry?.mac == null ? undefined : entry;
}

function inUse(address: string, holder: string): WfError {
  return new WfError('E_ADDRESS_IN_USE', `the address ${address} is in use: ${holder} has it`, {
    hint: 'Choose another address in the input.',
  });
}
