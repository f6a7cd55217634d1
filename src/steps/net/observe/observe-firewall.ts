import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { evidenceOf } from '../../../engine/model/evidence.ts';
import type { Argv } from '../../../engine/ports/command.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import type { HostContext } from '../../../engine/workflow/step.ts';
import { nftTablesShown } from '../../../fingerprint/sections/iptables.ts';
import { inNamespace } from '../../../host/ip/run-ip.ts';
import { placeInput } from '../../place-handle.ts';
import { namespaceOf, type Place, placeOf, typedAt, typedIn } from '../place.ts';
import { droppingIptablesRules, droppingNftRules } from './firewall-rules.ts';

const READ_TIMEOUT_MS = 5_000;
const OUTPUT_BYTES = 8 * 1024 * 1024;

const IPTABLES: Argv = ['iptables-save', '--counters'];
const NFT: Argv = ['nft', 'list', 'ruleset'];

/** Reads the counters of firewall rules that drop or reject packets, as far as this machine exposes them. */
export const observeFirewall = defineStep({
  kind: 'net.firewall',
  description: 'Reads the counters of firewall rules that drop or reject packets, as far as they are readable.',
  input: z.object({ in: placeInput }),
  output: z.object({
    available: z.boolean().describe('whether any source could be read; rules are evidence, never a proof'),
    source: z.string().describe('commands that could be read, or the reasons why none could'),
    rules: z
      .array(
        z.object({ table: z.string(), chain: z.string(), rule: z.string(), packets: z.number().int().nonnegative() }),
      )
      .describe('rules that drop or reject, each with its number of packets'),
  }),
  commands: ({ in: where }) => [typedIn(where, IPTABLES), typedIn(where, NFT)],
  rehearse: () => ({ available: false, source: 'not read in a dry run', rules: [] }),

  async read({ in: where }, context) {
    const place = placeOf(where, context.host);
    const [iptables, nft] = await Promise.all([readSource(context, place, IPTABLES), readSource(context, place, NFT)]);
    const read = [...(iptables.text === null ? [] : [IPTABLES]), ...(nft.text === null ? [] : [NFT])];
    return {
      available: read.length > 0,
      source: (read.length > 0 ? read.map((argv) => argv.join(' ')) : [iptables.why, nft.why]).join('; '),
      rules: [
        ...droppingIptablesRules(iptables.text ?? ''),
        ...droppingNftRules(nft.text ?? '', new Set(nftTablesShown(iptables.text ?? '', 'ipv4'))),
      ],
    };
  },
});

/** Reads one source, or returns why it is unreadable: the step does not fail for that. */
async function readSource(
  context: HostContext,
  place: Place,
  argv: Argv,
): Promise<{ text: string | null; why: string }> {
  try {
    const limits = { timeoutMs: READ_TIMEOUT_MS, maxOutputBytes: OUTPUT_BYTES, signal: context.signal };
    const result = await context.host.command.run(argv, {
      ...limits,
      ...inNamespace(namespaceOf(place, context.host)),
    });
    context.record(evidenceOf(result, typedAt(place, argv)));
    if (result.end.type === 'exited' && result.end.exitCode === 0) return { text: result.stdout, why: '' };
    return { text: null, why: `${argv[0]}: ${result.stderr.trim().split('\n')[0] ?? ''}` };
  } catch (thrown) {
    if (!(thrown instanceof WfError)) throw thrown;
    return { text: null, why: thrown.message };
  }
}
