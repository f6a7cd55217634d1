import { z } from 'zod';
import { asWfError, WfError } from '../../../engine/model/errors.ts';
import type { Argv } from '../../../engine/ports/command.ts';
import type { Requirement } from '../../../engine/workflow/requirement.ts';
import { READ_LIMITS } from '../../../host/ip/run-ip.ts';
import { linkNameSchema, macSchema, mtuSchema } from '../name-schema.ts';

/** Kinds that `ip link add` cannot create as one marked link, with the way to create them. */
const MADE_OTHERWISE: Readonly<Record<string, string>> = {
  veth: 'net.veth creates both of its ends',
  vxcan: 'it has two ends',
  netkit: 'it has two ends',
  tun: 'a program or `ip tuntap` creates it',
};
/** Kinds that do not exist without a parent. */
const NEEDS_PARENT = new Set(['vlan', 'macvlan', 'macvtap', 'ipvlan', 'ipvtap', 'macsec']);
/** Kinds whose parent is an option of the kind, not of the link. */
const TUNNELS = new Set('vxlan gre gretap erspan ip6gre ip6gretap ip6erspan ipip ip6tnl sit vti vti6 xfrm'.split(' '));
/** Options that name another link or namespace, which the schema cannot check. */
const NAMES_ANOTHER = new Set(
  'dev link master primary active_slave slave1 slave2 interlink peer vrf netns name type'.split(' '),
);

const optionSchema = z
  .string()
  .regex(/^[A-Za-z0-9][\w.:/+-]{0,63}$/, 'must be a word of at most 64 characters: letters, digits and _ . : / + -')
  .refine((word) => !NAMES_ANOTHER.has(word), {
    error: ({ input }) => `"${String(input)}" names another link: give it as \`parent\`, or use another step`,
  });

/** Name, kind and options of a new link. */
export const newLinkSchema = z
  .object({
    name: linkNameSchema.describe('link name'),
    kind: z
      .string()
      .regex(/^[a-z][a-z0-9_]{0,31}$/)
      .describe('kind of the kernel: `bridge`, `vlan`, `vxlan`, `macvlan`, `dummy`, `bond`, `wireguard`, `vrf`, ...'),
    parent: linkNameSchema
      .nullable()
      .default(null)
      .describe('link below it (`link`, or `dev` of a tunnel), in the same place; null for none'),
    options: z
      .array(optionSchema)
      .max(32)
      .default([])
      .describe('words after `type KIND`, such as `id`, `5`; none that names another link, and no key'),
    mtu: mtuSchema.nullable().default(null).describe('MTU in bytes; null leaves it to the kernel'),
    mac: macSchema.nullable().default(null).describe('MAC address; null leaves it to the kernel'),
  })
  .superRefine(({ kind, parent }, check) => {
    const otherwise = MADE_OTHERWISE[kind];
    if (otherwise !== undefined) {
      check.addIssue({ code: 'custom', path: ['kind'], message: `${kind}: ${otherwise}` });
    }
    if (parent === null && NEEDS_PARENT.has(kind)) {
      check.addIssue({ code: 'custom', path: ['parent'], message: `a ${kind} needs a parent link` });
    }
  });
export type NewLink = z.output<typeof newLinkSchema>;

/**
 * Requires that the kernel supports links of a kind with these options: creates one in a new network namespace, which ends with the
 * check. The kernel may load its module for that.
 */
export function linkKind(kind: string, options: readonly string[] = []): Requirement {
  const parent = NEEDS_PARENT.has(kind) ? 'wf-parent' : null;
  const [, ...add] = addLinkCommand(newLinkSchema.parse({ name: 'wf-trial', kind, parent, options }));
  const stdin = ['link add name wf-parent type bridge', add.join(' ')].join('\n');
  return {
    title: `link kind ${kind}`,
    purpose: 'creating a link',
    claim: null,
    async check({ command }) {
      try {
        const result = await command.run(['unshare', '--net', 'ip', '-batch', '-'], { ...READ_LIMITS, stdin });
        if (result.end.type === 'exited' && result.end.exitCode === 0) return { met: true, found: 'the kernel has it' };
        const why = result.stderr.trim().split('\n')[0]?.slice(0, 200) || result.end.type;
        return { met: false, error: kindMissing(kind, why) };
      } catch (thrown) {
        return { met: false, error: asWfError(thrown) };
      }
    },
  };
}

function kindMissing(kind: string, why: string): WfError {
  return new WfError('E_KERNEL', `this machine cannot create a link of the kind ${kind}: ${why}`, {
    hint: `Load its module with \`modprobe ${kind}\` if the kernel has one, or choose another kind.`,
  });
}

/** Returns the arguments of `ip link` that set the MTU of a link; empty if the kernel chooses it. */
export function mtuWords(mtu: number | null): readonly string[] {
  return mtu === null ? [] : ['mtu', String(mtu)];
}

/** Returns the command that creates a link. @param general options of the link that do not depend on its kind */
export function addLinkCommand(
  { name, kind, parent, options, mtu, mac }: NewLink,
  general: readonly string[] = [],
): Argv {
  const isTunnel = TUNNELS.has(kind);
  const below = parent === null ? [] : [isTunnel ? 'dev' : 'link', parent];
  return [
    ...(['ip', 'link', 'add', 'name', name] as const),
    ...(isTunnel ? [] : below),
    ...mtuWords(mtu),
    ...(mac === null ? [] : ['address', mac]),
    ...general,
    ...['type', kind],
    ...(isTunnel ? below : []),
    ...options,
  ];
}
