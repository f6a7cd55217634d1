import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { evidenceOf } from '../../../engine/model/evidence.ts';
import type { Argv } from '../../../engine/ports/command.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import type { HostContext } from '../../../engine/workflow/step.ts';
import { nftTablesShown } from '../../../fingerprint/sections/iptables.ts';
import { droppingIptablesRules, droppingNftRules } from './firewall-rules.ts';

const READ_TIMEOUT_MS = 5_000;
const OUTPUT_BYTES = 8 * 1024 * 1024;

const IPTABLES: Argv = ['iptables-save', '--counters'];
const NFT: Argv = ['nft', 'list', 'ruleset'];

/** Reads the counters of the rules that drop or reject packets, as far as this machine lets them be seen. */
export const observeFirewall = defineStep({
  kind: 'net.firewall',
  description: 'Reads the counters of firewall rules that drop or reject packets, as far as they can be seen.',
  input: z.object({}),
  output: z.object({
    /** Whether any source could be read: rules are evidence only, never a proof. */
    available: z.boolean(),
    /** The commands that could be read; or why none could. */
    source: z.string(),
    rules: z.array(
      z.object({ table: z.string(), chain: z.string(), rule: z.string(), packets: z.number().int().nonnegative() }),
    ),
  }),
  commands: () => [IPTABLES, NFT],
  rehearse: () => ({ available: false, source: 'a dry run does not look', rules: [] }),

  async read(_input, context) {
    const [iptables, nft] = await Promise.all([readSource(context, IPTABLES), readSource(context, NFT)]);
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

/** What a source says, or why it says nothing: not being able to look is no reason to fail. */
async function readSource(context: HostContext, argv: Argv): Promise<{ text: string | null; why: string }> {
  try {
    const options = { timeoutMs: READ_TIMEOUT_MS, maxOutputBytes: OUTPUT_BYTES, signal: context.signal };
    const result = await context.host.command.run(argv, options);
    context.record(evidenceOf(result));
    if (result.end.type === 'exited' && result.end.exitCode === 0) return { text: result.stdout, why: '' };
    return { text: null, why: `${argv[0]}: ${result.stderr.trim().split('\n')[0] ?? ''}` };
  } catch (thrown) {
    if (!(thrown instanceof WfError)) throw thrown;
    return { text: null, why: thrown.message };
  }
}
