import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import { readForwarding } from '../../../host/ip/forwarding.ts';
import { placeInput } from '../../place-handle.ts';
import { addressSchema, linkNameSchema } from '../name-schema.ts';
import { namespaceOf, placeOf, tryAt, typedIn } from '../place.ts';

/** Reads the forwarding table of a bridge; with `expect` it proves which port a MAC address is behind. */
export const observeForwarding = defineStep({
  kind: 'net.forwarding',
  description: 'Reads the forwarding table of a bridge.',
  input: z.object({
    bridge: linkNameSchema.describe('bridge name'),
    expect: z
      .strictObject({
        mac: z.string().describe('MAC address'),
        port: linkNameSchema.describe('link name of the port'),
        dst: addressSchema
          .nullable()
          .default(null)
          .describe('tunnel end that has the MAC address, if the port is a VXLAN link; null does not ask for it'),
      })
      .nullable()
      .default(null)
      .describe('MAC address that the bridge must know behind a port'),
    in: placeInput,
  }),
  output: z.object({
    entries: z
      .array(z.object({ mac: z.string(), port: z.string(), state: z.string(), dst: z.string().nullable() }))
      .describe(
        '`dst` is the tunnel end behind a VXLAN link, in the entries of that link itself; `state` is `permanent` for own addresses of the bridge and its ports, and empty for learned ones',
      ),
  }),
  commands: ({ bridge, in: where }) => [typedIn(where, ['bridge', 'fdb', 'show', 'br', bridge])],
  rehearse: () => ({ entries: [] }),

  async read({ bridge, expect, in: where }, context) {
    const place = placeOf(where, context.host);
    const read = await readForwarding(context.host.command, namespaceOf(place, context.host), bridge);
    const entries = read.map(({ mac, ifname, state, dst = null }) => ({ mac, port: ifname, state, dst }));
    await tryAt(context, place, ['bridge', 'fdb', 'show', 'br', bridge]);
    if (expect !== null && !entries.some((entry) => isExpected(entry, expect))) {
      const end = expect.dst === null ? '' : ` at ${expect.dst}`;
      const message = `the bridge ${bridge} does not know ${expect.mac}${end} behind its port ${expect.port}`;
      throw new WfError('E_NOT_PROVEN', message, { hint: `Inspect its table: \`bridge fdb show br ${bridge}\`.` });
    }
    return { entries };
  },
});

interface Whereabouts {
  readonly mac: string;
  readonly port: string;
  readonly dst: string | null;
}

function isExpected({ mac, port, dst }: Whereabouts, expect: Whereabouts): boolean {
  return mac === expect.mac && port === expect.port && (expect.dst === null || dst === expect.dst);
}
