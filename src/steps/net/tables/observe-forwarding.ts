import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import { readForwarding } from '../../../host/ip/forwarding.ts';
import { linkNameSchema } from '../name-schema.ts';
import { hostPlace, namespaceOf, tryAt } from '../place.ts';

/** Reads the forwarding table of a bridge of the host; proves with `expect` which port a MAC address is behind. */
export const observeForwarding = defineStep({
  kind: 'net.forwarding',
  description: 'Reads the forwarding table of a bridge.',
  input: z.object({
    bridge: linkNameSchema,
    /** Fails unless the bridge knows this MAC address behind this port. */
    expect: z.strictObject({ mac: z.string(), port: linkNameSchema }).nullable().default(null),
  }),
  output: z.object({
    /** `state` is `permanent` for the bridge's and its ports' own addresses, and empty for one that was learned. */
    entries: z.array(z.object({ mac: z.string(), port: z.string(), state: z.string() })),
  }),
  commands: ({ bridge }) => [['bridge', 'fdb', 'show', 'br', bridge]],
  rehearse: () => ({ entries: [] }),

  async read({ bridge, expect }, context) {
    const place = hostPlace(context.host);
    const entries = await readForwarding(context.host.command, bridge, namespaceOf(place, context.host));
    await tryAt(context, place, ['bridge', 'fdb', 'show', 'br', bridge]);
    if (expect !== null && !entries.some(({ mac, port }) => mac === expect.mac && port === expect.port)) {
      const message = `the bridge ${bridge} does not know ${expect.mac} behind its port ${expect.port}`;
      throw new WfError('E_NOT_PROVEN', message, { hint: `Inspect its table: \`bridge fdb show br ${bridge}\`.` });
    }
    return { entries };
  },
});
