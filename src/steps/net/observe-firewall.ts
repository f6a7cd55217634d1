import { z } from 'zod';
import { defineStep } from '../../engine/define-step.ts';
import { WfError } from '../../engine/errors.ts';
import { evidenceOf } from '../../engine/evidence.ts';
import type { Argv } from '../../engine/ports/command.ts';
import type { HostContext } from '../../engine/step.ts';
import { droppingIptablesRules, droppingNftRules } from './firewall-rules.ts';

const READ_TIMEOUT_MS = 5_000;
const OUTPUT_BYTES = 8 * 1024 * 1024;

const SOURCES = [
  { argv: ['iptables-save', '--counters'], parse: droppingIptablesRules },
  { argv: ['nft', 'list', 'ruleset'], parse: droppingNftRules },
] as const;

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
  commands: () => SOURCES.map(({ argv }) => argv),
  rehearse: () => ({ available: false, source: 'a dry run does not look', rules: [] }),

  async read(_input, context) {
    const readings = await Promise.all(
      SOURCES.map(async ({ argv, parse }) => ({ argv, parse, ...(await readSource(context, argv)) })),
    );
    const read = readings.filter((reading) => reading.text !== null);
    return {
      available: read.length > 0,
      source: (read.length > 0 ? read.map(({ argv }) => argv.join(' ')) : readings.map(({ why }) => why)).join('; '),
      rules: read.flatMap(({ parse, text }) => (text === null ? [] : parse(text))),
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
