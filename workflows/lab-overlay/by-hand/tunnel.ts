import { type Host, type Input, OVERLAY_MTU, underlayAddress } from '../input.ts';
import { otherOf, parallel, type Scope, sequence } from '../machine-parts.ts';

/** The entry for every MAC address that the VXLAN link has not learned. */
const ALL_UNKNOWN = '00:00:00:00:00:00';

/** Distinguishes the steps of a second and third tunnel of beta from those of the first. */
export type Variant = '' | 'Wrong' | 'Repaired';

/** Creates a host's tunnel. */
export const tunnel = (host: Host, vniOf: (input: Input) => number, variant: Variant = '') =>
  sequence({ link: vxlan(host, vniOf, variant), settings: vxlanSettings(host, variant) });

/** Creates the VXLAN link of a tunnel. */
export const vxlan = (host: Host, vniOf: (input: Input) => number, variant: Variant = '') =>
  sequence({
    [tunnelLink(host, variant)]: {
      src: `${host}.createLink` as const,
      input: ({ context: { input } }) => ({
        name: input.vxlanLink,
        kind: 'vxlan',
        parent: input.underlayLink,
        options: [
          ...['id', String(vniOf(input))],
          ...['dstport', String(input.port)],
          ...['local', underlayAddress(input, host)],
        ],
      }),
    },
  });

/** Attaches the VXLAN link to the bridge, and sends frames for unknown addresses to the other host. */
export const vxlanSettings = (host: Host, variant: Variant = '') =>
  parallel({
    [`${host}VxlanPort${variant}`]: {
      src: `${host}.enslaveLink` as const,
      input: ({ context: { input } }) => ({ link: input.vxlanLink, bridge: input.bridge }),
    },
    [`${host}Flooding${variant}`]: {
      src: `${host}.addForwardingEntry` as const,
      input: ({ context: { input } }) => ({
        link: input.vxlanLink,
        mac: ALL_UNKNOWN,
        dst: underlayAddress(input, otherOf(host)),
      }),
    },
    [`${host}VxlanUp${variant}`]: {
      src: `${host}.setLinkUp` as const,
      input: ({ context }) => ({ link: context.input.vxlanLink }),
    },
  });

/** Returns the input of a step that reads the VXLAN link of a host and expects this network identifier. */
export const expectVni =
  (vniOf: (input: Input) => number) =>
  ({ context: { input } }: Scope) => ({
    link: input.vxlanLink,
    expect: { vni: vniOf(input), port: input.port, mtu: OVERLAY_MTU },
  });

/** Returns the step that created the VXLAN link of a tunnel. */
export function tunnelLink(host: Host, variant: Variant = ''): string {
  return `${host}Vxlan${variant}`;
}

/** Returns the steps whose changes vanish with the VXLAN link of a tunnel. */
export function tunnelSettings(host: Host, variant: Variant = ''): readonly string[] {
  return ['VxlanPort', 'Flooding', 'VxlanUp'].map((step) => `${host}${step}${variant}`);
}
