import {
  addAddress,
  addRoute,
  defineWorkflow,
  execCommand,
  flow,
  hostAddressSchema,
  linkExists,
  linkNameSchema,
  networkAdmin,
  pingProbe,
  setLinkUp,
  subnetSchema,
  tool,
} from 'wf-engine';
import { setup } from 'xstate';
import { z } from 'zod';

const input = z.object({
  link: linkNameSchema.describe('link to change'),
  address: z.string().describe('new address with prefix length, such as `192.0.2.10/24`'),
  gateway: hostAddressSchema.describe('gateway, which must answer pings before the old address goes'),
  destination: z.string().default('default').describe('destination of the new route, or `default`'),
  oldAddress: z
    .string()
    .nullable()
    .default(null)
    .describe('address with prefix length that the link loses; its connections are cut off'),
  sshFrom: subnetSchema
    .nullable()
    .default(null)
    .describe('subnet whose hosts may reach port 22 through the link; all others are dropped'),
});
type Input = z.output<typeof input>;

type Command = [program: string, ...string[]];

/** Returns an iptables command on the rule that drops SSH from elsewhere. */
function sshRule(action: '-I' | '-C' | '-D', { link, sshFrom }: Input): Command {
  const rule = ['-i', link, '-p', 'tcp', '--dport', '22', '!', '-s', sshFrom ?? '', '-j', 'DROP'];
  return ['iptables', '-w', '5', action, 'INPUT', ...rule];
}

function oldAddressCommand(action: 'add' | 'del', { link, oldAddress }: Input): Command {
  return ['ip', 'address', action, oldAddress ?? '', 'dev', link];
}

const base = setup({
  types: { context: {} as Input, input: {} as Input, output: {} as Pick<Input, 'link' | 'address' | 'gateway'> },
  actors: {
    setLinkUp,
    addAddress,
    addRoute,
    changeFirewall: execCommand.with({ alters: ['firewall'] }),
    removeAddress: execCommand.with({ alters: ['network'] }),
    pingProbe,
  },
});
const { sequence } = flow(base);

const machine = base.createMachine({
  id: 'network-change',
  context: ({ input }) => input,
  ...sequence({
    addressing: sequence({
      setUp: { src: 'setLinkUp', input: ({ context: { link } }) => ({ link }) },
      addAddress: {
        src: 'addAddress',
        input: ({ context: { link, address } }) => ({ link, address }),
      },
      replaceRoute: {
        src: 'addRoute',
        input: ({ context: { destination, gateway, link } }) => ({
          destination,
          via: gateway,
          device: link,
          mode: 'replace',
        }),
      },
    }),
    firewall: sequence({
      limitSsh: {
        when: ({ context }) => context.sshFrom !== null,
        src: 'changeFirewall',
        input: ({ context }) => ({
          argv: sshRule('-I', context),
          check: sshRule('-C', context),
          undo: sshRule('-D', context),
        }),
      },
    }),
    probing: sequence({
      pingGateway: {
        src: 'pingProbe',
        input: ({ context }) => ({ from: { type: 'host' }, to: context.gateway, deadlineMs: 5_000 }),
      },
    }),
    switching: sequence({
      removeOldAddress: {
        when: ({ context }) => context.oldAddress !== null,
        src: 'removeAddress',
        input: ({ context }) => ({ argv: oldAddressCommand('del', context), undo: oldAddressCommand('add', context) }),
      },
    }),
  }),
  output: ({ context: { link, address, gateway } }) => ({ link, address, gateway }),
});

export default defineWorkflow({
  name: 'network-change',
  version: '1',
  description:
    'Gives a link another address, route and SSH rule; meant for `--confirm-within`, as it may cut off its own operator',
  input,
  machine,
  keepsChanges: true,
  requirements: ({ link, sshFrom }) => [
    networkAdmin(),
    linkExists(link),
    ...(sshFrom === null ? [] : [tool('iptables', 'the rule for SSH is made with it')]),
  ],
  proofs: ({ link, address, gateway }) => [
    { claim: 'reachable', figures: `${link} has ${address}, and ${gateway} answers` },
  ],
});
