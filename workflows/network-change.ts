import { defineWorkflow, flow, forEach } from 'wf-engine';
import {
  addAddress,
  addIptablesRule,
  addRoute,
  cidrSchema,
  createLink,
  createNftTable,
  hostAddressSchema,
  linkExists,
  linkKind,
  linkNameFree,
  linkNameSchema,
  networkAdmin,
  pingProbe,
  removeAddress,
  setLinkUp,
  setSysctl,
  settingNameSchema,
  subnetSchema,
  sysctlExists,
  tool,
} from 'wf-engine/steps';
import { setup } from 'xstate';
import { z } from 'zod';

const address = hostAddressSchema.nullable().default(null);
const input = z.object({
  link: linkNameSchema.describe('link to change'),
  kind: z.enum(['bridge', 'dummy']).nullable().default(null).describe('kind of the link, if the run creates it'),
  addresses: z.array(cidrSchema).default([]).describe('new addresses, such as `["192.0.2.10/24"]`'),
  gateway: address.describe('gateway of the routes'),
  routes: z
    .array(z.union([z.literal('default'), cidrSchema]))
    .default([])
    .describe('destinations behind the gateway, such as `["default"]`; the run replaces their present routes'),
  settings: z
    .record(settingNameSchema, z.union([z.string(), z.number()]))
    .default({})
    .describe('settings of the kernel (sysctl), such as `{"net.ipv4.ip_forward": 1}`'),
  sshFrom: subnetSchema.nullable().default(null).describe('only subnet that may reach port 22 through the link'),
  firewall: z.enum(['nft', 'iptables']).default('nft').describe('`nft` adds a table, `iptables` a rule for IPv4'),
  ping: address.describe(
    'must answer before and after the removal of old addresses; null: the gateway, if there is one',
  ),
  oldAddresses: z.array(cidrSchema).default([]).describe('removed at the end, which cuts off connections to them'),
});
type Input = z.output<typeof input>;
type Scope = { readonly context: Input };

const sshTable = ({ link, sshFrom }: Input) => `chain input {
  type filter hook input priority filter;
  iifname "${link}" tcp dport 22 ip saddr ${sshFrom} accept
  iifname "${link}" tcp dport 22 counter drop
}`;
const sshRule = ({ link, sshFrom }: Input) => ['-i', link, ...RULE_WORDS, sshFrom ?? ''];
const RULE_WORDS = '-p tcp --dport 22 -j DROP ! -s'.split(' ');

const limitsSshBy = ({ sshFrom, firewall }: Input, program: string) => sshFrom !== null && firewall === program;
const pinged = ({ ping, gateway }: Input) => ping ?? gateway;
const pingStep = {
  when: ({ context }: Scope) => pinged(context) !== null,
  src: 'pingProbe',
  input: ({ context }: Scope) => ({ from: { type: 'host' }, to: pinged(context) ?? '', deadlineMs: 5_000 }) as const,
} as const;

const base = setup({
  types: { context: {} as Input, input: {} as Input, output: {} as Input },
  actors: {
    createLink,
    setLinkUp,
    addEach: forEach(addAddress, { key: ({ address }) => address }),
    routeEach: forEach(addRoute, { key: ({ destination }) => destination }),
    setEach: forEach(setSysctl, { key: ({ name }) => name }),
    createNftTable,
    addIptablesRule,
    removeEach: forEach(removeAddress, { key: ({ address }) => address }),
    pingProbe,
  },
});
const { sequence } = flow(base);

const machine = base.createMachine({
  id: 'network-change',
  context: ({ input }) => input,
  ...sequence({
    addressing: sequence({
      makeLink: {
        when: ({ context }) => context.kind !== null,
        src: 'createLink',
        input: ({ context: { link, kind } }) => ({ name: link, kind: kind ?? '' }),
      },
      setUp: { src: 'setLinkUp', input: ({ context: { link } }) => ({ link }) },
      addAddresses: {
        when: ({ context: { addresses } }) => addresses.length > 0,
        src: 'addEach',
        input: ({ context: { link, addresses } }) => ({ items: addresses.map((address) => ({ link, address })) }),
      },
      replaceRoutes: {
        when: ({ context: { routes } }) => routes.length > 0,
        src: 'routeEach',
        input: ({ context: { link: device, gateway, routes } }) => ({
          items: routes.map((destination) => ({ destination, via: gateway ?? '', device, mode: 'replace' })),
        }),
      },
    }),
    kernel: sequence({
      setSettings: {
        when: ({ context: { settings } }) => Object.keys(settings).length > 0,
        src: 'setEach',
        input: ({ context: { settings } }) => ({
          items: Object.entries(settings).map(([name, value]) => ({ name, value })),
        }),
      },
      limitSsh: {
        when: ({ context }) => limitsSshBy(context, 'nft'),
        src: 'createNftTable',
        input: ({ context }) => ({ family: 'inet', table: `ssh-${context.link}`, ruleset: sshTable(context) }),
      },
      limitSshByRule: {
        when: ({ context }) => limitsSshBy(context, 'iptables'),
        src: 'addIptablesRule',
        input: ({ context }) => ({ family: 'ipv4', chain: 'INPUT', rule: sshRule(context), position: 'insert' }),
      },
    }),
    probing: sequence({ pingBefore: pingStep }),
    switching: sequence({
      removeOldAddresses: {
        when: ({ context: { oldAddresses } }) => oldAddresses.length > 0,
        src: 'removeEach',
        input: ({ context: { link, oldAddresses } }) => ({ items: oldAddresses.map((address) => ({ link, address })) }),
      },
      pingAfter: pingStep,
    }),
  }),
  output: ({ context }) => context,
});

export default defineWorkflow({
  name: 'network-change',
  version: '1',
  description: 'Changes a link, its addresses, routes, firewall and settings; meant for `--confirm-within`',
  input: input.refine(({ gateway, routes }) => gateway !== null || routes.length === 0, 'routes need a gateway'),
  machine,
  keepsChanges: true,
  requirements: ({ link, kind, settings, sshFrom, firewall }) => [
    networkAdmin(),
    ...(kind === null ? [linkExists(link)] : [linkNameFree(link), linkKind(kind)]),
    // The settings of a link that the run creates do not exist yet.
    ...Object.keys(settings)
      .filter((name) => kind === null || !name.includes(link))
      .map(sysctlExists),
    ...(sshFrom === null ? [] : [tool(firewall, 'limiting SSH; `--input firewall=nft|iptables` chooses another')]),
  ],
  proofs: (done) => (pinged(done) === null ? [] : [{ claim: 'reachable', figures: `${pinged(done)} answers` }]),
});
