import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import type { Argv } from '../../../engine/ports/command.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import type { HostContext } from '../../../engine/workflow/step.ts';
import { cidrOf, type Link } from '../../../host/ip/link.ts';
import { readRoutes } from '../../../host/ip/route.ts';
import { readIpJson } from '../../../host/ip/run-ip.ts';
import { contains, parseSubnet } from '../../../host/ip/subnet.ts';
import { placeInput } from '../../place-handle.ts';
import {
  claimedByAnotherRun,
  identityOf,
  isRecorded,
  linkIdentitySchema,
  recordedLink,
  requireLink,
} from '../link-target.ts';
import { cidrSchema, linkNameSchema } from '../name-schema.ts';
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

/** Lifetime in seconds of an address that does not expire. */
const FOREVER = 4_294_967_295;

/** An address as `ip -json` prints it, with only attributes that `ip address add` can restore; states are ignored. */
const lastingAddress = z.strictObject({
  family: z.enum(['inet', 'inet6']),
  local: z.string(),
  prefixlen: z.number().int(),
  broadcast: z.string().optional(),
  scope: z.string(),
  label: z.string().optional(),
  metric: z.number().int().optional(),
  protocol: z.string().optional(),
  noprefixroute: z.literal(true).optional(),
  nodad: z.literal(true).optional(),
  secondary: z.literal(true).optional(),
  tentative: z.literal(true).optional(),
  dadfailed: z.literal(true).optional(),
  valid_life_time: z.literal(FOREVER),
  preferred_life_time: z.literal(FOREVER),
});
type LastingAddress = z.infer<typeof lastingAddress>;

const addressEntry = z.looseObject({ local: z.string().optional(), prefixlen: z.number().optional() });
const linkEntry = z.object({ addr_info: z.array(addressEntry).default([]) });

/** Removes an address from a link. */
export const removeAddress = defineStep({
  kind: 'net.address-removal',
  description: 'Removes an address from a link; the undo adds it again, with all its attributes.',
  input: z.object({
    link: linkNameSchema.describe('link name'),
    address: cidrSchema.describe('address with prefix length, such as `172.18.0.100/16`'),
    in: placeInput,
  }),
  output: z.object({
    link: z.string().describe('link name'),
    address: z.string().describe('address with prefix length, which the link no longer has'),
  }),
  record: linkIdentitySchema.extend({
    address: z.string(),
    /** Arguments of `ip address add` that restore it, without the link. */
    words: z.array(z.string()),
  }),
  survivesReboot: false,
  alters: ['network'],
  commands: ({ link, address, in: where }) => [typedIn(where, deleteCommand(address, link))],
  rehearse: ({ link, address }) => ({ link, address }),
  rehearseUndo: ({ link, address, in: where }) => [typedIn(where, addCommand([address], link))],

  async observe({ link: name, address, in: where }, context, earlier) {
    const place = placeOf(where, context.host);
    const link = await requireLink(context, place, name);
    const refusal = claimedByAnotherRun(context, place, link);
    if (refusal !== undefined) return { found: 'foreign', error: refusal };
    const target = `removal of address ${address} from ${name} ${placeName(place)}`;
    const own = earlier !== undefined && isRecorded(link, earlier) && earlier.address === address ? earlier : undefined;
    if (!hasAddress(link, address)) {
      const output = { link: name, address };
      return own === undefined ? { found: 'unchanged', output } : { found: 'ours', target, record: own, output };
    }
    const { words, isSecondary, problem } = await exactly(address, link, place, context);
    if (problem !== null) return { found: 'foreign', error: notRestorable(address, link, place, problem) };
    const lost = await lostWith(address, isSecondary, link, place, context);
    if (lost !== null) return { found: 'foreign', error: inUse(address, link, place, lost) };
    return { found: 'absent', target, record: { ...identityOf(place, link), address, words: [...words] } };
  },

  async apply({ link }, record, _found, context) {
    await runAt(context, record.place, deleteCommand(record.address, link));
    return record;
  },

  inspect: (record, context) =>
    observeIn(async () => {
      const link = await recordedLink(context, record);
      if (link === null) return gone(`the link ${record.link} is gone`);
      return hasAddress(link, record.address) ? gone(`${link.name} has the address ${record.address}`) : IN_PLACE;
    }),

  undo: (record, context) =>
    undoIn(async () => {
      const link = await recordedLink(context, record);
      if (link === null || hasAddress(link, record.address)) return;
      await runAt(context, record.place, addCommand(record.words, link.name));
    }),
  undoCommands: ({ place, words, link }) => [typedAt(place, addCommand(words, link))],
});

function deleteCommand(address: string, link: string): Argv {
  return ['ip', 'address', 'delete', address, 'dev', link];
}

function addCommand(words: readonly string[], link: string): Argv {
  return ['ip', 'address', 'add', ...words, 'dev', link];
}

function hasAddress({ addresses }: Link, address: string): boolean {
  return addresses.some((one) => cidrOf(one) === address);
}

/** Returns the arguments that restore the address, or the attributes that cannot be restored. */
async function exactly(address: string, link: Link, place: Place, { host }: HostContext) {
  const args = ['address', 'show', 'dev', link.name];
  const shown = (await readIpJson(host.command, args, linkEntry, namespaceOf(place, host)))
    .flatMap(({ addr_info }) => addr_info)
    .find(({ local, prefixlen }) => `${local}/${prefixlen}` === address);
  const lasting = lastingAddress.safeParse(shown);
  if (lasting.success) {
    return { words: wordsOf(lasting.data, link), isSecondary: lasting.data.secondary === true, problem: null };
  }
  const names = lasting.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys : [String(issue.path[0] ?? 'it changed meanwhile')],
  );
  return { words: [], isSecondary: false, problem: names.join(', ') };
}

function wordsOf(
  { local, prefixlen, broadcast, scope, label, metric, protocol, ...flags }: LastingAddress,
  link: Link,
) {
  return [
    `${local}/${prefixlen}`,
    ...(broadcast === undefined ? [] : ['broadcast', broadcast]),
    ...['scope', scope],
    ...(label === undefined || label === link.name ? [] : ['label', label]),
    ...(metric === undefined ? [] : ['metric', String(metric)]),
    ...(protocol === undefined ? [] : ['proto', protocol]),
    ...(['noprefixroute', 'nodad'] as const).filter((flag) => flags[flag] === true),
  ];
}

/** Returns an address or a route that the kernel would remove, or alter, together with this address; null if there is none. */
async function lostWith(
  address: string,
  isSecondary: boolean,
  link: Link,
  place: Place,
  { host }: HostContext,
): Promise<string | null> {
  const [bare = ''] = address.split('/');
  const family = bare.includes(':') ? 'inet6' : 'inet';
  const others = link.addresses.filter((one) => one.family === family && cidrOf(one) !== address);
  const subnet = parseSubnet(address);
  const sibling = others.find((one) => {
    const other = parseSubnet(cidrOf(one));
    const isAlike = subnet !== undefined && other?.prefixLength === subnet.prefixLength && contains(subnet, other);
    return family === 'inet' && !isSecondary && isAlike;
  });
  if (sibling !== undefined) return `the address ${cidrOf(sibling)}, which is secondary to it,`;
  const routes = await readRoutes(host.command, { family, table: 'all' }, namespaceOf(place, host));
  const isLast = family === 'inet' && others.length === 0;
  const route = routes.find(
    ({ protocol, preferredSource, device }) =>
      protocol !== 'kernel' && (preferredSource === bare || (isLast && device === link.name)),
  );
  return route === undefined ? null : `the route to ${route.destination}`;
}

function notRestorable(address: string, { name }: Link, place: Place, problem: string): WfError {
  return new WfError(
    'E_STEP_FAILED',
    `the address ${address} of ${name} ${placeName(place)} could not be restored exactly: ${problem}`,
    { hint: 'Let the program that added it, such as a DHCP client, remove it.' },
  );
}

function inUse(address: string, { name }: Link, place: Place, lost: string): WfError {
  return new WfError(
    'E_ADDRESS_IN_USE',
    `the address ${address} of ${name} ${placeName(place)} is in use: the kernel would remove ${lost} with it`,
    { hint: 'Remove or replace that first.' },
  );
}
